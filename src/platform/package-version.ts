export const PACKAGE_NAME = 'oncespan';

/** As package.json says, which a test holds. Spans and metrics tell by it which conventions they follow: docs/attributes.md. */
export const PACKAGE_VERSION = '0.1.0';
