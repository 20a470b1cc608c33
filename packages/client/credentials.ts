// The key or token that everything is asked with. One that can be renewed is asked for once however many wait for it.
import { CREDENTIAL_CHARACTERS, isCredential } from '@godwit/protocol';
import type { ClientOptions } from './api.ts';
import { expired } from './errors.ts';

/** Throws where something cannot be a key or token; `what` says where it came from. It is not repeated. */
export const checkCredential = (given: unknown, what: string): void => {
  if (!isCredential(given)) throw new TypeError(`A key or token has only the characters ${CREDENTIAL_CHARACTERS} (5.1.1), and ${what} is none.`);
};

export class Credentials {
  readonly #getToken: (() => string | Promise<string>) | undefined;
  #current: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor({ key, token, getToken }: Pick<ClientOptions, 'key' | 'token' | 'getToken'>) {
    this.#getToken = getToken;
    this.#current = token ?? key;
  }

  get canRenew(): boolean {
    return this.#getToken !== undefined;
  }

  /** What to show the server; undefined where there is nothing. Rejects where a token is needed and cannot be had. */
  current(): Promise<string | undefined> {
    return this.#current === undefined && this.canRenew ? this.renew() : Promise.resolve(this.#current);
  }

  /** Gets a new token. Rejects with what `getToken` failed with, or what is wrong with what it gave. `stale`: nothing is asked for where another than that is at hand already. */
  renew(stale?: string): Promise<string> {
    const getToken = this.#getToken;
    if (getToken === undefined) return Promise.reject(expired());
    if (stale !== undefined && this.#current !== undefined && this.#current !== stale) return Promise.resolve(this.#current);
    this.#renewal ??= (async () => {
      try {
        const token = await getToken();
        checkCredential(token, 'what getToken gave');
        this.#current = token;
        return token;
      } finally {
        this.#renewal = undefined;
      }
    })();
    return this.#renewal;
  }
}
