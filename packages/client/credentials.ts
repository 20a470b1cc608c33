// The key or token that everything is asked with. One that can be renewed is asked for once however many wait for it.
import { CREDENTIAL, isCredential } from '@godwit/protocol';
import type { ClientOptions } from './api.ts';
import { expired } from './errors.ts';

/** What can be a key or token. Throws, without repeating it, where it cannot. */
export const credentialOf = (given: unknown): string => {
  if (isCredential(given)) return given;
  throw new TypeError(`A key or token is ${CREDENTIAL} (5.1.1).`);
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
  async current(): Promise<string | undefined> {
    return this.#current ?? (this.canRenew ? this.renew() : undefined);
  }

  /** Gets a new token. Rejects with what `getToken` failed with, or what is wrong with what it gave. `stale`: nothing is asked for where another than that is at hand already. */
  async renew(stale?: string): Promise<string> {
    const getToken = this.#getToken;
    if (getToken === undefined) throw expired();
    if (stale !== undefined && this.#current !== undefined && this.#current !== stale) return this.#current;
    this.#renewal ??= this.#get(getToken).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #get(getToken: () => string | Promise<string>): Promise<string> {
    this.#current = credentialOf(await getToken());
    return this.#current;
  }
}
