// The key or token that everything is asked with. One that can be renewed is asked for once however many wait for it.
import { CREDENTIAL, isCredential } from '@godwit/protocol';
import type { ClientOptions } from './api.ts';
import type { Ending } from './ending.ts';
import { expired, noAnswer, tooLate } from './errors.ts';
import { TIMEOUT_MS } from './figures.ts';

/** What can be a key or token. Throws, without repeating it, where it cannot. */
export const credentialOf = (given: unknown): string => {
  if (isCredential(given)) return given;
  throw new TypeError(`A key or token is ${CREDENTIAL} (5.1.1).`);
};

export class Credentials {
  readonly #getToken: (() => string | Promise<string>) | undefined;
  #current: string | undefined;
  #renewal: Promise<string> | undefined;
  readonly #ending: Ending;

  constructor({ key, token, getToken }: Pick<ClientOptions, 'key' | 'token' | 'getToken'>, ending: Ending) {
    this.#ending = ending;
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

  /**
   * Gets a new token. What `getToken` failed with, a value that is no token included, is the `cause` of what it rejects with, and like no answer: it may give one later. `stale`: nothing
   * is asked for where another than that is at hand already.
   */
  async renew(stale?: string): Promise<string> {
    const getToken = this.#getToken;
    if (!getToken) throw expired();
    if (stale && this.#current && this.#current !== stale) return this.#current;
    return (this.#renewal ??= this.#get(getToken).finally(() => (this.#renewal = undefined)));
  }

  async #get(getToken: () => string | Promise<string>): Promise<string> {
    // One that gives nothing is given up as requests are (6.1.1).
    try {
      this.#current = credentialOf(
        await this.#ending.during(
          undefined,
          async () => getToken(),
          TIMEOUT_MS,
          () => tooLate(TIMEOUT_MS, ''),
        ),
      );
      return this.#current;
    } catch (error) {
      throw this.#ending.reason ?? noAnswer(`getToken failed: ${(error as Error)?.message ?? error}`, '', error);
    }
  }
}
