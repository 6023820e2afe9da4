import { Traced } from '../../src/index.ts';

// What only standard decorators can decorate. Checked by the compiler, never run.

export class Vault {
  @Traced()
  open = async (code: number): Promise<string> => String(code);

  @Traced({ attributes: (code: number) => ({ 'vault.digits': code }) })
  close = (code: number): boolean => code > 0;

  @Traced()
  pick = <T>(items: readonly T[]): T | undefined => items[0];

  @Traced()
  #unlock<T extends string>(code: T): T {
    return code;
  }

  @Traced()
  static #make(): Vault {
    return new Vault();
  }

  static make(): Vault {
    return Vault.#make();
  }

  use(): 'a' {
    const item: number | undefined = this.pick([1]);
    const opened: Promise<string> = this.open(item ?? 0);
    void opened;
    return this.#unlock('a');
  }

  // @ts-expect-error the hook takes a string, the function gives a number
  @Traced({ attributes: (code: string) => ({ code }) })
  wrongArgument = (_code: number): void => {};

  // @ts-expect-error the field does not hold a function
  @Traced()
  code = 42;

  // @ts-expect-error an accessor is no method
  @Traced()
  accessor state = 1;
}
