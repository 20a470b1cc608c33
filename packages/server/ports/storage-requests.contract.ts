// Names of requests: a unit under one takes effect once (4.1.3).
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import fc from 'fast-check';
import type { WriteUnit } from './storage.ts';
import {
  type Bench,
  type ContractSubject,
  conflict,
  creation,
  document,
  itWithStore,
  makeCollection,
  message,
  publish,
  readAll,
} from './storage-subject.contract.ts';

const change = (requestId: string, operation: string, rest: WriteUnit = { messages: [message('changed')] }, client = 'client'): WriteUnit => ({
  request: { kind: 'change', client, requestId, operation, outcome: `{"of":"${requestId}"}` },
  ...rest,
});

export const requestsContract = (subject: ContractSubject): void => {
  describe('request names', () => {
    itWithStore(subject, 'a publish repeated is replayed as the first message; with another topic or data it is reused', async (bench) => {
      const first = message('a.b', { data: '{"é":"漢"}' });
      assert.deepEqual(await bench.storage.write(publish('r', first)), { status: 'written', firstSeq: 1 });
      const replayed = { status: 'replayed', remembered: { kind: 'publish', message: { seq: 1, ...first } } };
      const check = async (): Promise<void> => {
        const again = message('a.b', { data: first.data });
        assert.deepEqual(await bench.storage.write(publish('r', again)), replayed);
        assert.deepEqual(await bench.storage.write(publish('r', message('a.c', { data: first.data }))), { status: 'reused' });
        assert.deepEqual(await bench.storage.write(publish('r', message('a.b', { data: '{}' }))), { status: 'reused' });
        assert.deepEqual(await bench.storage.findRequest('client', 'r'), replayed.remembered);
        assert.equal(await bench.storage.findRequest('client', 'other'), undefined);
        assert.equal(await bench.storage.findRequest('other', 'r'), undefined);
      };
      await check();
      await bench.restart();
      await check();
      assert.equal(bench.storage.log.last, 1);
    });

    itWithStore(subject, 'a change repeated is replayed with its outcome, before anything that it relies on is looked at', async (bench) => {
      await makeCollection(bench.storage, 'docs');
      const unit = change('r', 'POST /docs', { documents: [creation('docs', document('one'))], messages: [message('x'), message('y')] });
      await bench.storage.write({ messages: [message('earlier')] });
      assert.deepEqual(await bench.storage.write(unit), { status: 'written', firstSeq: 2 });
      const remembered = { kind: 'change', operation: 'POST /docs', outcome: '{"of":"r"}', firstSeq: 2 };
      const check = async (): Promise<void> => {
        assert.deepEqual(await bench.storage.write(unit), { status: 'replayed', remembered });
        assert.deepEqual(await bench.storage.write(change('r', 'POST /other')), { status: 'reused' });
        assert.deepEqual(await bench.storage.findRequest('client', 'r'), remembered);
      };
      await check();
      await bench.restart();
      await check();
      assert.equal(bench.storage.log.last, 3);
      assert.deepEqual(await bench.storage.write(change('none', 'o', {})), { status: 'written', firstSeq: 0 });
      assert.equal((await bench.storage.write(change('none', 'o', {}))).status, 'replayed');
    });

    itWithStore(subject, 'both kinds share one namespace per client', async ({ storage }) => {
      await storage.write(publish('p', message('a')));
      await storage.write(change('c', 'o'));
      assert.deepEqual(await storage.write(change('p', 'o')), { status: 'reused' });
      assert.deepEqual(await storage.write(publish('c', message('a'))), { status: 'reused' });
      assert.equal((await storage.write(publish('p', message('a'), 'other'))).status, 'written');
      assert.equal((await storage.write(change('c', 'o', {}, 'other'))).status, 'written');
      for (const [client, requestId] of [
        ['ab', 'c'],
        ['a', 'bc'],
        ['', 'abc'],
      ] as const) {
        assert.equal((await storage.write(publish(requestId, message('a'), client))).status, 'written');
      }
    });

    itWithStore(subject, 'hold between units of one commit', async ({ storage }) => {
      const outcomes = await Promise.all([
        storage.write(publish('r', message('a', { data: '1' }))),
        storage.write(publish('r', message('a', { data: '1' }))),
        storage.write(publish('r', message('a', { data: '2' }))),
        storage.write(change('r', 'o')),
        storage.write(change('s', 'o')),
        storage.write(change('s', 'o')),
        storage.write(publish('s', message('a'))),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['written', 'replayed', 'reused', 'reused', 'written', 'replayed', 'reused'],
      );
      assert.equal(storage.log.last, 2);
    });

    itWithStore(subject, 'are not used up by a unit that was refused', async ({ storage }) => {
      const refused = change('r', 'o', { expectations: [{ collection: 'docs', id: 'x', state: { version: 1, tag: 'i' } }] });
      assert.deepEqual(await storage.write(refused), conflict('document'));
      assert.equal((await storage.write(change('r', 'another'))).status, 'written');
    });

    itWithStore(subject, 'take effect once each, whatever the order, however often, across restarts', async (bench) => {
      await fc.assert(
        fc.asyncProperty(
          fc.uuid(),
          fc.array(fc.record({ id: fc.nat(12), what: fc.nat(3), restart: fc.integer({ min: 0, max: 40 }) }), { minLength: 1, maxLength: 60 }),
          (client, steps) => takesEffectOnce(bench, client, steps),
        ),
        { numRuns: 25 },
      );
    });

    itWithStore(subject, 'are found among very many', async (bench) => {
      const count = 20_000;
      const unit = (index: number): WriteUnit =>
        index % 4 === 0 ? change(`id-${index}`, 'o', {}) : publish(`id-${index}`, message('a', { messageId: `m${index}`, data: String(index), timestamp: 5 }));
      const all = Array.from({ length: count }, (_, index) => unit(index));
      assert.ok((await Promise.all(all.map((one) => bench.storage.write(one)))).every(({ status }) => status === 'written'));
      const check = async (): Promise<void> => {
        const again = await Promise.all(all.map((one) => bench.storage.write(one)));
        assert.ok(again.every(({ status }) => status === 'replayed'));
        for (let index = 0; index < count; index += 97) assert.ok((await bench.storage.findRequest('client', `id-${index}`)) !== undefined);
      };
      await check();
      await bench.restart();
      await check();
      assert.equal((await readAll(bench.storage)).length, bench.storage.log.last);
    });
  });
};

interface Step {
  readonly id: number;
  readonly what: number;
  readonly restart: number;
}

const takesEffectOnce = async (bench: Bench, client: string, steps: readonly Step[]): Promise<void> => {
  const first = new Map<number, number>();
  const before = bench.storage.log.last;
  let written = 0;
  let pending: Promise<void>[] = [];
  for (const { id, what, restart } of steps) {
    const known = first.get(id);
    const unit = what < 2 ? publish(`r${id}`, message('a', { data: String(what) }), client) : change(`r${id}`, String(what), undefined, client);
    const expected = known === undefined ? 'written' : known === what ? 'replayed' : 'reused';
    if (known === undefined) {
      first.set(id, what);
      written++;
    }
    pending.push(bench.storage.write(unit).then(({ status }) => assert.equal(status, expected)));
    if (restart > 0) continue;
    await Promise.all(pending);
    pending = [];
    await bench.restart();
  }
  await Promise.all(pending);
  assert.equal(bench.storage.log.last, before + written);
};
