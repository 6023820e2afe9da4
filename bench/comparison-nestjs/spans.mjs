// What is read of the spans of a request.

export const SERVER = 1;
const KINDS = ['INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

/** What a backend would get: of a contender with one of its own, what that was sent. */
export const arrived = (spans) => spans.filter(({ exported }) => exported);

export const isError = ({ status }) => status.code === 2;

/** The span of the request as such: some give that of a handler the same kind. */
export const serverOf = (spans) =>
  spans.find(({ kind, name }) => kind === SERVER && !name.includes('Controller.'));

/** Whether a contender made the span for a handler: `OrdersController.find`, `find`, or what it renamed to the route. */
export function isOfHandler(span, controller, handler) {
  // By the attribute where it was renamed to the route.
  return span.name === `${controller}.${handler}` || span.attributes['nestjs.callback'] === handler;
}

export const code = (text) => `\`${text}\``;

/** A span in a cell: its name, and its kind if that says something. */
export const told = ({ name, kind }) => code(name) + (kind === 0 ? '' : ` ${KINDS[kind]}`);

/** The names in a cell, each once, with how often it comes. */
export function names(spans, most = 6) {
  const count = new Map();
  for (const span of spans) count.set(told(span), (count.get(told(span)) ?? 0) + 1);
  const all = [...count].map(([name, times]) => (times === 1 ? name : `${name} ×${times}`));
  return all.length > most
    ? `${all.slice(0, most).join(', ')} and ${all.length - most} more`
    : all.join(', ');
}

/** Attributes that differ between two requests of one kind, and say how the one went. */
export function differences(usual, other) {
  const unlike = /port|address|host\.ip|peer|remote|thread|user_agent|url|target|duration|sentry\./;
  const keys = new Set([...Object.keys(usual.attributes), ...Object.keys(other.attributes)]);
  const said = [...keys]
    .filter((key) => !unlike.test(key) && String(usual.attributes[key]) !== String(other.attributes[key]))
    .map((key) => (key in other.attributes ? code(`${key}: ${other.attributes[key]}`) : `no ${code(key)}`));
  if (isError(other)) said.unshift(`ERROR${other.status.message ? ` "${other.status.message}"` : ''}`);
  for (const { name } of other.events)
    if (!usual.events.some((event) => event.name === name)) said.push(`event ${code(name)}`);
  return said;
}
