// The writer thread: takes a batch, commits it, answers it; between batches it tidies and checkpoints. Everything that
// changes the store happens here, one thing at a time.
import { randomBytes } from 'node:crypto';
import { rmSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { TidyPolicy } from '../../ports/storage.ts';
import { Checkpoints } from './checkpoints.ts';
import { openForWriting, PAGE_BYTES } from './database.ts';
import { beginEpoch } from './epochs.ts';
import { type Fault, FULL, faultOf, isBroken, isFull } from './faults.ts';
import { Gate } from './gate.ts';
import { Incoming } from './incoming.ts';
import { type Exception, type FromWriter, type News, numbersOf, placeAt, type ToWriter } from './messages.ts';
import { letsGo, Room } from './room.ts';
import { migrate } from './schema.ts';
import { Store } from './store.ts';
import { Tidying } from './tidy.ts';
import { type FaultResult, isFault, type Result, Transactions } from './transaction.ts';

const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;
/** What a step of tidying may touch. */
const TIDY_BYTES = 1 << 20;

const { path, gate } = workerData as { readonly path: string; readonly gate: SharedArrayBuffer };
const reserve = join(dirname(path), 'reserve');
const port = parentPort;
if (port === null) throw new Error('The writer runs in a worker thread.');
const say = (message: FromWriter): void => port.postMessage(message);

const openStore = (): Store => {
  const database = openForWriting(path);
  try {
    migrate(database, () => randomBytes(8).toString('hex'));
    beginEpoch(database);
    return new Store(database);
  } catch (error) {
    database.close();
    throw error;
  }
};

/** Opens the store; on a full disk in the room that the reserve gives up, so that at least reading and letting go work. */
const open = (): Store => {
  try {
    return openStore();
  } catch (error) {
    if (!isFull(error)) throw error;
    rmSync(reserve, { force: true });
    return openStore();
  }
};

const serve = (store: Store): void => {
  const room = new Room(store.database, reserve);
  // A checkpoint that finds no room is tried again; one whose sync failed may have lost pages, so nothing is built on it (12.3).
  const checkpoints = new Checkpoints(store.database, room.pages, new Gate(gate), (error) => {
    if (isBroken(error)) transactions.broken ??= faultOf(error);
  });
  const transactions = new Transactions(store, {
    onFull: () => {
      const gaveUp = room.giveUp();
      const { waiting } = checkpoints.pages();
      return (waiting > 0 && checkpoints.run()) || gaveUp;
    },
    withdraw: () => truncateSync(`${path}-wal`, WAL_HEADER_BYTES + checkpoints.pages().held * FRAME_BYTES),
  });
  const tidying = new Tidying(store, transactions);
  let publishes = -1;
  let changes = -1;

  const news = (): News | undefined => {
    const { revision: publishesNow } = store.publishes;
    const { revision: changesNow } = store.changes;
    if (publishes === publishesNow && changes === changesNow && !transactions.collectionsChanged) return undefined;
    const news: News = {
      ...(publishes === publishesNow ? {} : { publishes: store.publishes.share() }),
      ...(changes === changesNow ? {} : { changes: store.changes.share() }),
      collections: transactions.collectionsChanged,
    };
    publishes = publishesNow;
    changes = changesNow;
    transactions.collectionsChanged = false;
    return news;
  };
  const numbers = (units = 0) => numbersOf({ log: store.log.numbers, commits: transactions.commits, forgottenBefore: store.forgottenBefore }, units);

  const incoming = new Incoming(store.fingerprints);

  const write = (now: number): readonly Result[] => {
    if (room.isEnough()) return transactions.write(incoming, now);
    const refused: Result = { status: 'fault', fault: transactions.broken ?? FULL };
    return Array.from({ length: incoming.count }, (_, index) => {
      const unit = incoming.unit(index);
      return unit !== undefined && letsGo(unit) ? transactions.one(incoming, index, now) : refused;
    });
  };

  const segments = new Map<number, Buffer>();

  const commit = ([, now, text, packed, segment, start]: Extract<ToWriter, { 0: 'commit' }>): void => {
    incoming.read({ numbers: packed, text }, segments.get(segment), start);
    const results = write(now);
    const answer = numbers(results.length);
    let exceptions: Exception[] | undefined;
    for (let index = 0; index < results.length; index++) {
      const result = results[index];
      if (typeof result === 'number') answer[placeAt(index)] = result;
      else if (result !== undefined) {
        exceptions ??= [];
        exceptions.push([index, result]);
      }
    }
    say(['committed', answer, news(), exceptions]);
    checkpoints.committed(text.length + incoming.bytes);
  };

  const tidy = (policy: TidyPolicy): boolean | FaultResult => {
    try {
      return tidying.step(policy);
    } catch (error) {
      // It looks before it begins: a log that cannot be read is no reason for the thread to end.
      return { status: 'fault', fault: faultOf(error) };
    }
  };

  port.on('message', (message: ToWriter) => {
    switch (message[0]) {
      case 'commit':
        return commit(message);
      case 'segment':
        segments.set(message[1], Buffer.from(message[2]));
        return;
      case 'tidy': {
        const done = tidy(message[1]);
        say(['tidied', numbers(), news(), isFault(done) ? done.fault : done]);
        return checkpoints.committed(TIDY_BYTES);
      }
      case 'close':
        checkpoints.stop();
        store.database.close();
        say(['closed']);
        return port.close();
    }
  });
  say(['ready', numbers(), news(), store.salt]);
};

const refusalOf = (error: unknown): Fault => {
  const fault = faultOf(error);
  return fault.problem === 'full' ? fault : { problem: 'unusable', message: fault.message };
};

try {
  serve(open());
} catch (error) {
  say(['refused', refusalOf(error)]);
}
