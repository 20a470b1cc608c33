// What the SDK stands on in the fault tests: real time whose long waits are cut short, so that a run of seconds sees what happens in minutes, and a process that
// can die: from that moment on nothing that it began comes to anything.
import type { Environment } from '@godwit/client';
import type { Random } from '../../testing/random.ts';

/** Longer than any wait that a healthy server makes a client keep here, and short enough to happen often. */
const LONGEST_MS = 3000;

export interface Life {
  readonly environment: Pick<Environment, 'clock' | 'random' | 'WebSocket' | 'fetch'>;
  readonly isOver: boolean;
  /** It dies as a process does: sockets fall, answers are not heard, timers do not fire. */
  die(): void;
}

export const newLife = (random: Random): Life => {
  let isOver = false;
  const ending = new AbortController();
  const sockets = new Set<WebSocket>();
  const timers = new Set<NodeJS.Timeout>();
  class MortalSocket extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets.add(this);
      this.addEventListener('close', () => sockets.delete(this));
    }
  }
  return {
    environment: {
      clock: {
        now: () => Date.now(),
        setTimeout: (callback, ms) => {
          const timer = setTimeout(
            () => {
              timers.delete(timer);
              if (!isOver) callback();
            },
            Math.min(ms, LONGEST_MS),
          );
          timers.add(timer);
          return timer;
        },
        clearTimeout: (timer) => {
          timers.delete(timer as NodeJS.Timeout);
          clearTimeout(timer as NodeJS.Timeout);
        },
      },
      random: () => random.next(),
      WebSocket: MortalSocket,
      // An answer to the dead never settles.
      fetch: (input, init) => {
        if (isOver) return new Promise(() => {});
        const asked = fetch(input, { ...init, signal: AbortSignal.any([ending.signal, ...(init?.signal ? [init.signal] : [])]) });
        return asked.catch((error: unknown) => (isOver ? new Promise<never>(() => {}) : Promise.reject(error as Error)));
      },
    },
    get isOver() {
      return isOver;
    },
    die() {
      isOver = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) {
        socket.onmessage = null;
        socket.onclose = null;
        socket.onerror = () => {};
        socket.close();
      }
      ending.abort(new Error('the process is gone'));
    },
  };
};
