// Where a request waits until the client has looked, and what the client waits for.

const gates = new Map<string, PromiseWithResolvers<void>>();

function gate(name: string): PromiseWithResolvers<void> {
  let found = gates.get(name);
  if (found === undefined) gates.set(name, (found = Promise.withResolvers()));
  return found;
}

export function pass(name: string): void {
  gate(name).resolve();
}

export function passed(name: string): Promise<void> {
  return gate(name).promise;
}

export function closeAll(): void {
  gates.clear();
}
