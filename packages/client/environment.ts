// What of its surroundings the client uses, where nothing else is put in: the runtime's own clock, randomness, fetch and WebSocket.
import type { Environment } from './api.ts';

/** An id of 128 random bits; `crypto.randomUUID` is not there on plain http pages. */
const randomId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');

export const environmentOf = (given: Partial<Environment>): Environment => ({
  fetch: given.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  WebSocket: 'WebSocket' in given ? given.WebSocket : (globalThis.WebSocket as Environment['WebSocket']),
  clock: given.clock ?? {
    now: () => Date.now(),
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    clearTimeout: (timer) => clearTimeout(timer as number),
  },
  random: given.random ?? (() => Math.random()),
  newId: given.newId ?? randomId,
});
