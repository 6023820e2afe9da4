import { propagation } from '@opentelemetry/api';

/** https://github.com/open-telemetry/opentelemetry-js/blob/api/v1.9.0/api/src/internal/global-utils.ts */
const REGISTRATIONS = Symbol.for('opentelemetry.js.api.1');

interface Registrations {
  readonly version?: string;
  readonly propagation?: unknown;
}

const holder = globalThis as { [REGISTRATIONS]?: Registrations | undefined };

/** What all users of the API in this process have registered. */
export function registrations(): Registrations | undefined {
  return holder[REGISTRATIONS];
}

/** Two versions of `@opentelemetry/api` in one process. */
export interface VersionClash {
  /** The one that was registered first. Only it can register more. */
  readonly registered: string;
  /** The one that this library, and most likely the application, imports. */
  readonly imported: string;
}

/** @returns `undefined` where the first registration was made with the version that is imported here, or there is none */
export function findVersionClash(): VersionClash | undefined {
  const registered = registrations()?.version;
  if (registered === undefined) return undefined;
  const imported = importedVersion();
  return registered === imported ? undefined : { registered, imported };
}

/** The API does not tell its version but by what it registers. So it registers something, where nobody looks meanwhile. */
function importedVersion(): string {
  const before = holder[REGISTRATIONS];
  try {
    holder[REGISTRATIONS] = undefined;
    propagation.setGlobalPropagator({ inject() {}, extract: (active) => active, fields: () => [] });
    return (holder[REGISTRATIONS] as Registrations | undefined)?.version ?? 'another version';
  } finally {
    holder[REGISTRATIONS] = before;
  }
}
