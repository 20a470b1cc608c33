// Durable subscriptions over time (6.2.4 to 6.2.6): written down within the second, found again after a restart, in a restored store too, and never
// written down as they were before a change that was confirmed.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type Storage, StorageError, type WriteOutcome, type WriteUnit } from '../ports/storage.ts';
import { type Assembly, type AssemblyOptions, assemble } from '../testing/assembly.ts';
import { settled } from '../testing/clock.ts';
import { type Durable, Durables } from './durables.ts';

const open: Assembly[] = [];
const assembled = async (options?: AssemblyOptions): Promise<Assembly> => {
  const assembly = await assemble(options);
  open.push(assembly);
  return assembly;
};
afterEach(async () => {
  for (const assembly of open.splice(0)) await assembly.close();
});

const publish = async ({ ask }: Assembly, topic: string, count = 1): Promise<string> => {
  let cursor = '';
  for (let n = 0; n < count; n++) ({ cursor } = (await ask('POST', `/topics/${topic}/messages`, { data: n })).data);
  return cursor;
};
const subscribe = async ({ ask }: Assembly, name: string, more: object = {}): Promise<void> => {
  const { status, message } = await ask('POST', '/subscriptions', { data: { name, topics: ['a.*'], ...more } });
  assert.equal(status, 201, message);
};
const acknowledge = async ({ ask }: Assembly, name: string, cursor: string): Promise<void> => {
  assert.equal((await ask('POST', `/subscriptions/${name}/ack`, { data: { cursor } })).status, 200);
};
/** What a server would know that began now, on this store. */
const afterRestart = async ({ core }: Assembly): Promise<Durables> => {
  const durables = new Durables(core.storage, core.cursors, core.clock);
  await durables.load();
  return durables;
};
const placeOf = async (assembly: Assembly, name: string): Promise<number | undefined> => (await afterRestart(assembly)).find('admin', name)?.acknowledged;
/** Lets what was set in motion reach the disk. */
const written = async ({ core }: Assembly): Promise<void> => {
  await core.durables.flush();
  await core.storage.probe();
};

/** A store whose writes of subscriptions can be held back, or fail. */
const gated = (): { wrap: (storage: Storage) => Storage; hold: (() => Promise<void>) | undefined; problem: StorageError | undefined; records: number } => {
  const gate = {
    hold: undefined as (() => Promise<void>) | undefined,
    problem: undefined as StorageError | undefined,
    records: 0,
    wrap: (storage: Storage): Storage =>
      new Proxy(storage, {
        get: (target, property) => {
          if (property !== 'write') {
            const value: unknown = Reflect.get(target, property);
            return typeof value === 'function' ? value.bind(target) : value;
          }
          return async (unit: WriteUnit): Promise<WriteOutcome> => {
            if (unit.records === undefined) return target.write(unit);
            gate.records++;
            if (gate.problem !== undefined) throw gate.problem;
            const outcome = await target.write(unit);
            await gate.hold?.();
            return outcome;
          };
        },
      }),
  };
  return gate;
};

test('an acknowledgement is written down within the second, and many of them once', async () => {
  const gate = gated();
  const assembly = await assembled({ wrap: gate.wrap });
  await subscribe(assembly, 'one');
  const cursors = [await publish(assembly, 'a.x'), await publish(assembly, 'a.y'), await publish(assembly, 'a.z')];
  const before = gate.records;
  for (const cursor of cursors) await acknowledge(assembly, 'one', cursor);
  assert.equal(await placeOf(assembly, 'one'), 0);
  await assembly.clock.advance(1000);
  await written(assembly);
  assert.equal(await placeOf(assembly, 'one'), assembly.core.storage.log.last);
  assert.equal(gate.records - before, 1);
});

test('it never moves back', async () => {
  const assembly = await assembled();
  await subscribe(assembly, 'one');
  const [first, second] = [await publish(assembly, 'a.x'), await publish(assembly, 'a.y')];
  await acknowledge(assembly, 'one', second);
  await acknowledge(assembly, 'one', first);
  const { data } = await assembly.ask('GET', '/subscriptions/one');
  assert.deepEqual([data.cursor, data.pending], [second, 0]);
});

test('a creation, a change and a deletion are there at once', async () => {
  const assembly = await assembled();
  await subscribe(assembly, 'one', { ackWait: 5000 });
  await subscribe(assembly, 'two');
  await assembly.ask('PUT', '/subscriptions/one', { data: { topics: ['b.**', 'a.*'] } });
  await assembly.ask('DELETE', '/subscriptions/two');
  const durables = await afterRestart(assembly);
  assert.deepEqual(
    durables.all().map(({ client, name, topics, ackWait, acknowledged }) => [client, name, topics, ackWait, acknowledged]),
    [['admin', 'one', ['a.*', 'b.**'], 5000, 0]],
  );
  assert.deepEqual(durables.all('someone'), []);
});

test('what was acknowledged meanwhile does not undo a change on its way', async () => {
  const gate = gated();
  const assembly = await assembled({ wrap: gate.wrap });
  await subscribe(assembly, 'one');
  const cursor = await publish(assembly, 'a.x');
  // The change is in the store, but this side has not heard of it yet, when the acknowledgement is due to be written down.
  let release: () => void = () => {};
  gate.hold = () => new Promise<void>((resolve) => (release = resolve));
  const before = gate.records;
  const changed = assembly.ask('PUT', '/subscriptions/one', { data: { topics: ['b.*'] } });
  while (gate.records === before) await settled();
  await acknowledge(assembly, 'one', cursor);
  await assembly.clock.advance(600);
  await assembly.core.storage.probe();
  assert.deepEqual((await afterRestart(assembly)).get('admin', 'one').topics, ['b.*']);
  gate.hold = undefined;
  release();
  assert.equal((await changed).status, 200);
  // It comes after it instead.
  await assembly.clock.advance(600);
  await written(assembly);
  const { topics, acknowledged } = (await afterRestart(assembly)).get('admin', 'one');
  assert.deepEqual([topics, acknowledged], [['b.*'], 1]);
});

test('a change that fails leaves it free to be written down', async () => {
  const gate = gated();
  const assembly = await assembled({ wrap: gate.wrap });
  await subscribe(assembly, 'one');
  const cursor = await publish(assembly, 'a.x');
  gate.problem = new StorageError('full', 'No room.');
  assert.equal((await assembly.ask('PUT', '/subscriptions/one', { data: { topics: ['b.*'] } })).status, 507);
  gate.problem = undefined;
  await acknowledge(assembly, 'one', cursor);
  await assembly.clock.advance(600);
  await written(assembly);
  const { topics, acknowledged } = (await afterRestart(assembly)).get('admin', 'one');
  assert.deepEqual([topics, acknowledged], [['a.*'], 1]);
});

test('what could not be written down is tried again', async () => {
  const gate = gated();
  const assembly = await assembled({ wrap: gate.wrap });
  await subscribe(assembly, 'one');
  const cursor = await publish(assembly, 'a.x');
  gate.problem = new StorageError('full', 'No room.');
  await acknowledge(assembly, 'one', cursor);
  await assembly.clock.advance(600);
  await settled();
  assert.equal(await placeOf(assembly, 'one'), 0);
  gate.problem = undefined;
  await assembly.clock.advance(2000);
  await written(assembly);
  assert.equal(await placeOf(assembly, 'one'), 1);
  assert.deepEqual(assembly.unexpected, []);
});

test('one that was deleted does not come back, whatever is still to be written down', async () => {
  const assembly = await assembled();
  await subscribe(assembly, 'one');
  const durable = assembly.core.durables.get('admin', 'one');
  await assembly.ask('DELETE', '/subscriptions/one');
  assembly.core.durables.touch(durable);
  await assembly.clock.advance(600);
  await written(assembly);
  assert.deepEqual((await afterRestart(assembly)).all(), []);
});

test('one that was made anew under the name of another is its own, whatever of the other is still to be written down', async () => {
  const assembly = await assembled();
  await subscribe(assembly, 'one');
  const former = assembly.core.durables.get('admin', 'one');
  await assembly.ask('DELETE', '/subscriptions/one');
  await subscribe(assembly, 'one', { topics: ['b.*'] });
  assembly.core.durables.touch(former);
  await assembly.clock.advance(600);
  await written(assembly);
  assert.deepEqual((await afterRestart(assembly)).find('admin', 'one')?.topics, ['b.*']);
});

test('in a store that was restored or wiped, everything kept is ahead of a place that its log never had', async () => {
  const assembly = await assembled();
  await subscribe(assembly, 'one');
  await publish(assembly, 'a.x', 3);
  const { core } = assembly;
  for (const cursor of [`${core.cursors.format(3).slice(0, -3)}zzz`, 'nonsense']) {
    const stored = { client: 'admin', name: 'one', topics: ['a.*'], ackWait: 30_000, cursor, sent: 99 };
    await core.storage.write({ records: [{ kind: 'subscription', id: 'admin\0one', body: JSON.stringify(stored) }] });
    const { acknowledged, sent } = (await afterRestart(assembly)).get('admin', 'one');
    assert.deepEqual([acknowledged, sent], [core.cursors.earliest, 3], cursor);
  }
});

test('an attachment hears of acknowledgements, changes and the end', async () => {
  const assembly = await assembled();
  await subscribe(assembly, 'one');
  const cursor = await publish(assembly, 'a.x');
  const heard: string[] = [];
  const durable: Durable = assembly.core.durables.get('admin', 'one');
  durable.attachment = {
    detach: (reason) => heard.push(reason),
    acknowledged: () => heard.push('acknowledged'),
    passedOver: () => heard.push('passed over'),
    restart: () => heard.push('restart'),
    outstandingIsAll: 0,
    doneUntil: undefined,
    collections: '*',
  };
  await acknowledge(assembly, 'one', cursor);
  await acknowledge(assembly, 'one', cursor);
  await assembly.ask('PUT', '/subscriptions/one', { data: { topics: ['b.*'] } });
  assert.equal((await assembly.ask('GET', '/subscriptions/one')).data.attached, true);
  await assembly.ask('DELETE', '/subscriptions/one');
  assert.deepEqual(heard, ['acknowledged', 'restart', 'deleted']);
});
