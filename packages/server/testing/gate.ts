// A store whose writes wait, or fail, when a test says so: what happens between a write and its answer happens here on purpose.
import type { Storage, WriteOutcome, WriteUnit } from '../ports/storage.ts';

interface Held {
  readonly unit: WriteUnit;
  pass(): void;
  fail(error: Error): void;
}

export interface Gate {
  /** Goes before a store. */
  wrap(storage: Storage): Storage;
  /** From now on writes wait here. */
  hold(): void;
  /** Lets all go on, in their order; those for which `verdict` gives an error fail with it and never reach the store. */
  release(verdict?: (unit: WriteUnit, index: number) => Error | undefined): void;
  /** Units that wait. */
  readonly held: readonly WriteUnit[];
}

export const gate = (): Gate => {
  let holding = false;
  let held: Held[] = [];
  return {
    wrap: (storage) => {
      const write = (unit: WriteUnit): Promise<WriteOutcome> => {
        if (!holding) return storage.write(unit);
        return new Promise((resolve, reject) => {
          held.push({ unit, fail: reject, pass: () => void storage.write(unit).then(resolve, reject) });
        });
      };
      return new Proxy(storage, {
        get: (target, name) => {
          if (name === 'write') return write;
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
    },
    hold: () => {
      holding = true;
    },
    release: (verdict = () => undefined) => {
      holding = false;
      const going = held;
      held = [];
      for (const [index, { unit, pass, fail }] of going.entries()) {
        const error = verdict(unit, index);
        if (error === undefined) pass();
        else fail(error);
      }
    },
    get held() {
      return held.map(({ unit }) => unit);
    },
  };
};
