// `Symbol.dispose` and its like, as far as the TypeScript library of whoever reads our declarations knows them: named
// there outright, they would not compile with `lib: ["es2022"]`.

type DisposeKey = SymbolConstructor extends { readonly dispose: infer Key extends symbol } ? Key : never;
type AsyncDisposeKey = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? Key
  : never;

/** What `using` calls at the end of its block. */
export type Disposal = { readonly [Key in DisposeKey]: () => void };

/** What `await using` calls at the end of its block. */
export type AsyncDisposal = { readonly [Key in AsyncDisposeKey]: () => Promise<void> };
