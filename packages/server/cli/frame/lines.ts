// Many lines as few requests: while one batch is under way the lines that arrive meanwhile gather for the next, so that order holds and a slow source waits for
// nobody. A line that is refused is told of by its number, and the rest go on.
import { type BatchOperation, BOUNDS, ERRORS } from '@godwit/protocol';
import type { Call } from './call.ts';
import { EXIT } from './exit.ts';
import { CommandError } from './failure.ts';
import { linesOf } from './input.ts';
import { type Output, plain } from './output.ts';
import { limitText, patiently } from './patience.ts';
import { countText, Progress } from './progress.ts';

/** Below the server's own bounds (9.2.1, 7.2.2). */
const MOST_OPERATIONS = 100;
const MOST_BYTES = 4 * 1024 * 1024;

export interface LineWork {
  readonly doing: string;
  readonly unit: string;
  /** The operation of one value. */
  operation(value: unknown): BatchOperation;
  /** What is said of so many at the end. */
  told(done: string): string;
}

interface Waiting {
  readonly number: number;
  readonly operation: BatchOperation;
  readonly bytes: number;
}

const pointOut = (output: Output, number: number, code: string, message: string): void =>
  output.error(
    output.json ? JSON.stringify({ error: { line: number, code, message } }) : `godwit: line ${number}: ${plain(message.replace(/\.$/, ''))} (${code}).`,
  );

/** Sends every line of the command's data, shows what became of each, in their order, and tells how many were done and refused. Resolves with the exit code. */
export const sendLines = async (call: Call<'create'> | Call<'publish'>, work: LineWork): Promise<number> => {
  const { output, signal } = call;
  const lines = linesOf(call.words.data, call);
  const progress = new Progress(output, call.now);
  let [done, refused] = [0, 0];
  const step = (waitingFor?: string): void => progress.step({ doing: work.doing, done, unit: work.unit, waiting: waitingFor });
  const client = await call.connect({}, (seconds) => step(limitText(seconds)));
  let waiting: Waiting[] = [];
  let ended = false;
  let wake: () => void = () => {};
  let makeRoom: () => void = () => {};

  const read = async (): Promise<void> => {
    try {
      for await (const { number, text } of lines) {
        if (signal.aborted) return;
        let value: unknown;
        try {
          value = JSON.parse(text);
        } catch {
          refused++;
          pointOut(output, number, 'MALFORMED_JSON', 'This is not JSON');
          continue;
        }
        waiting.push({ number, operation: work.operation(value), bytes: Buffer.byteLength(text) });
        wake();
        if (waiting.length >= 2 * MOST_OPERATIONS) await new Promise<void>((resolve) => (makeRoom = resolve));
      }
    } finally {
      ended = true;
      wake();
    }
  };

  const next = (): Waiting[] => {
    let bytes = 0;
    let count = 0;
    while (count < waiting.length && count < MOST_OPERATIONS) {
      bytes += (waiting[count] as Waiting).bytes;
      if (bytes > MOST_BYTES && count > 0) break;
      count++;
    }
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    makeRoom();
    return batch;
  };

  const send = async (): Promise<void> => {
    for (;;) {
      if (waiting.length === 0 && ended) return;
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      if (signal.aborted) throw signal.reason;
      const batch = next();
      if (batch.length === 0) continue;
      // One name for all attempts: a batch whose answer was lost is replayed (4.1.3).
      const requestId = crypto.randomUUID();
      const { results } = await patiently(
        () =>
          client.batch(
            batch.map(({ operation }) => operation),
            { requestId, signal },
          ),
        signal,
        step,
      );
      for (const [index, { number }] of batch.entries()) {
        const result = results[index];
        if (result?.status === 'success') {
          done++;
          await output.value(result.data);
        } else {
          refused++;
          progress.clear();
          pointOut(output, number, result?.error?.code ?? 'INTERNAL', result?.error?.message ?? ERRORS.INTERNAL.sentence);
        }
      }
      step();
    }
  };

  const abort = (): void => {
    wake();
    makeRoom();
  };
  signal.addEventListener('abort', abort, { once: true });
  const reading = read();
  try {
    await send();
    await reading;
  } finally {
    reading.catch(() => {});
    signal.removeEventListener('abort', abort);
    progress.clear();
  }
  if (signal.aborted) throw signal.reason;
  output.note(`${work.told(countText(done))}${refused === 0 ? '' : `; ${countText(refused)} were refused`}.`);
  return refused === 0 ? 0 : 1;
};

/** Refuses what the protocol would refuse of each line. */
export const checkRequestId = (requestId: string | undefined): void => {
  if (requestId !== undefined && !/^[!-~]+$/.test(requestId))
    throw new CommandError(`A requestId is 1 to ${BOUNDS.requestIdLength} visible ASCII characters`, { exit: EXIT.usage, code: 'USAGE' });
};
