// The writer thread: takes a batch, commits it, answers it; between batches it tidies and checkpoints. Everything that
// changes the store happens here, one thing at a time.
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { Checkpoints } from './checkpoints.ts';
import { openForWriting } from './database.ts';
import { beginEpoch } from './epochs.ts';
import { faultOf, isBroken } from './faults.ts';
import type { Exception, FromWriter, Standing, ToWriter } from './messages.ts';
import { Unpacker } from './packing.ts';
import { migrate } from './schema.ts';
import { Store } from './store.ts';
import { Tidying } from './tidy.ts';
import { isFault, Transactions } from './transaction.ts';
import { type UnitToWrite, unpackUnit } from './units.ts';

const { path } = workerData as { readonly path: string };
const port = parentPort;
if (port === null) throw new Error('The writer runs in a worker thread.');
const say = (message: FromWriter): void => port.postMessage(message);

const open = (): Store => {
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

const serve = (store: Store): void => {
  const transactions = new Transactions(store);
  // One that finds no room is tried again; one whose sync failed may have lost pages, so nothing is built on it (12.3).
  const checkpoints = new Checkpoints(store.database, (error) => {
    if (isBroken(error)) transactions.broken ??= faultOf(error);
  });
  const tidying = new Tidying(store, transactions);
  let publishes = -1;
  let changes = -1;

  const standing = (): Standing => {
    const base = {
      log: store.log.numbers,
      commits: transactions.commits,
      syncs: transactions.commits,
      forgottenBefore: store.forgottenBefore,
      collectionsChanged: transactions.collectionsChanged,
    };
    transactions.collectionsChanged = false;
    if (publishes === store.publishes.revision && changes === store.changes.revision) return base;
    publishes = store.publishes.revision;
    changes = store.changes.revision;
    return { ...base, publishes: store.publishes.share(), changes: store.changes.share() };
  };

  const commit = (message: Extract<ToWriter, { kind: 'commit' }>): void => {
    const unpacker = new Unpacker(message.units);
    const units: UnitToWrite[] = [];
    while (!unpacker.done) units.push(unpackUnit(unpacker));
    const results = transactions.write(units, message.now);
    const places = new Float64Array(results.length);
    const exceptions: Exception[] = [];
    for (let index = 0; index < results.length; index++) {
      const result = results[index];
      if (typeof result === 'number') places[index] = result;
      else if (result !== undefined) exceptions.push([index, result]);
    }
    say({ kind: 'committed', places, exceptions, standing: standing() });
    checkpoints.committed();
  };

  port.on('message', (message: ToWriter) => {
    switch (message.kind) {
      case 'commit':
        return commit(message);
      case 'tidy': {
        const done = tidying.step(message.policy);
        say(isFault(done) ? { kind: 'fault', fault: done.fault, standing: standing() } : { kind: 'tidied', done, standing: standing() });
        return checkpoints.committed();
      }
      case 'close':
        checkpoints.stop();
        store.database.close();
        say({ kind: 'closed' });
        return port.close();
    }
  });
  say({ kind: 'ready', salt: store.salt, standing: standing() });
};

try {
  serve(open());
} catch (error) {
  const fault = faultOf(error);
  say({ kind: 'refused', fault: { ...fault, problem: fault.problem === 'full' ? 'full' : 'unusable' } });
}
