// The writer thread: takes a batch, commits it, answers it; between batches it tidies and checkpoints. Everything that
// changes the store happens here, one thing at a time.
import { randomBytes } from 'node:crypto';
import { rmSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Checkpoints } from './checkpoints.ts';
import { openForWriting, PAGE_BYTES } from './database.ts';
import { beginEpoch } from './epochs.ts';
import { type Fault, FULL, faultOf, isBroken, isFull } from './faults.ts';
import { Gate } from './gate.ts';
import { type Exception, type FromWriter, type News, numbersOf, placeAt, type ToWriter } from './messages.ts';
import { Unpacker } from './packing.ts';
import { letsGo, Room } from './room.ts';
import { migrate } from './schema.ts';
import { Store } from './store.ts';
import { Tidying } from './tidy.ts';
import { isFault, type Result, Transactions } from './transaction.ts';
import { PublishedText, type UnitToWrite, unpackUnit } from './units.ts';

const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;

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

  const write = (units: readonly UnitToWrite[], now: number): readonly Result[] => {
    if (room.isEnough()) return transactions.write(units, now);
    const refused: Result = { status: 'fault', fault: transactions.broken ?? FULL };
    return units.map((unit) => (letsGo(unit) ? (transactions.write([unit], now)[0] as Result) : refused));
  };

  const segments = new Map<number, Buffer>();

  const commit = ([, now, text, packed, segment, start, end, isPlain]: Extract<ToWriter, { 0: 'commit' }>): void => {
    const unpacker = new Unpacker({ numbers: packed, text });
    const published = segment === 0 ? undefined : new PublishedText(segments.get(segment) as Buffer, start, end, isPlain);
    const units: UnitToWrite[] = [];
    while (!unpacker.done) units.push(unpackUnit(unpacker, published));
    store.log.isPlain = isPlain && Buffer.byteLength(text) === text.length;
    const results = write(units, now);
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
    checkpoints.committed();
  };

  port.on('message', (message: ToWriter) => {
    switch (message[0]) {
      case 'commit':
        return commit(message);
      case 'segment':
        segments.set(message[1], Buffer.from(message[2]));
        return;
      case 'tidy': {
        const done = tidying.step(message[1]);
        say(['tidied', numbers(), news(), isFault(done) ? done.fault : done]);
        return checkpoints.committed();
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
