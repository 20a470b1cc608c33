// What of its surroundings the client uses, where nothing else is put in: the runtime's own clock, randomness, fetch and WebSocket.
import type { Environment } from './api.ts';

/** An id of 128 random bits, as a UUIDv4 is written; `crypto.randomUUID` is not there on plain http pages. */
const randomId = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

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
