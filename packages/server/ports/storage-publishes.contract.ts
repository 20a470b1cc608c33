// Publishes that come as bytes: the same as units of one named message, among them in the order of the calls, told to whoever listens.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import fc from 'fast-check';
import { messagesOf } from './commit.ts';
import type { Commit, Flight, PublishListener, Storage, WriteOutcome } from './storage.ts';
import { type ContractSubject, itWithStore, message, publish, readAll } from './storage-subject.contract.ts';

interface Sent {
  readonly requestId: string;
  readonly topic: string;
  readonly data: string;
}

const messageIdOf = (flight: Flight, index: number): string => {
  const at = flight.messageIdAt(index);
  return Buffer.from(flight.bytes.subarray(at, at + 36)).toString('latin1');
};

let made = 0;
const writeId = (target: Uint8Array, at: number): void => {
  Buffer.from(`id-${++made}`.padEnd(36, '-')).copy(target, at);
};

/** Publishes as bytes; gives what the listener heard of it, as a promise would tell it. */
const asBytes = (storage: Storage, { requestId, topic, data }: Sent, client = 'client'): Promise<WriteOutcome> =>
  new Promise((resolve, reject) => {
    const bytes = Buffer.from(`..${requestId}..${data}..`);
    const dataStart = 2 + requestId.length + 2;
    const dataEnd = bytes.length - 2;
    const listener: PublishListener = {
      confirmed: (flight, from, to) => {
        assert.equal(to, from + 1);
        assert.equal(flight.topicAt(from), topic);
        assert.equal(flight.requestId(from), requestId);
        assert.equal(flight.requestIdLength(from), requestId.length);
        assert.equal(flight.timestampAt(from), 5);
        assert.equal(flight.startedAt(from), 7.5);
        assert.match(messageIdOf(flight, from), /^id-\d+-+$/);
        resolve({ status: 'written', firstSeq: flight.seqAt(from) });
      },
      refused: (flight, index, outcome) => {
        assert.equal(flight.requestId(index), requestId);
        assert.equal(flight.startedAt(index), 7.5);
        resolve(outcome);
      },
      failed: (_flight, _index, error) => reject(error),
    };
    const isPlain = Buffer.byteLength(data) === data.length;
    storage.publish(
      client,
      { bytes, requestId: 2, requestIdEnd: 2 + requestId.length, data: dataStart, dataEnd, isPlain, topic, timestamp: 5 },
      writeId,
      7.5,
      listener,
    );
    // They are the caller's again.
    bytes.fill(0);
  });

export const publishesContract = (subject: ContractSubject): void => {
  describe('publishes as bytes', () => {
    itWithStore(subject, 'are appended, heard of and answered as units are, in the order of the calls', async ({ storage }) => {
      const heard: Commit[] = [];
      storage.onCommit((commit) => heard.push(commit));
      const outcomes = await Promise.all(
        Array.from({ length: 300 }, (_, n) => {
          const sent = { requestId: `r${n}`, topic: `t.${n % 3}`, data: n % 50 === 49 ? '{"größe":"𝄞"}' : `{"n":${n}}` };
          return n % 100 === 17
            ? storage.write(publish(sent.requestId, message(sent.topic, { data: sent.data })))
            : asBytes(storage, sent, n % 40 < 20 ? 'one' : 'two');
        }),
      );
      assert.deepEqual(
        outcomes.map((outcome) => outcome.status === 'written' && outcome.firstSeq),
        Array.from({ length: 300 }, (_, n) => n + 1),
      );
      const stored = await readAll(storage);
      assert.deepEqual(
        stored.map(({ topic, data }) => `${topic} ${data}`),
        Array.from({ length: 300 }, (_, n) => `t.${n % 3} ${n % 50 === 49 ? '{"größe":"𝄞"}' : `{"n":${n}}`}`),
      );
      assert.deepEqual(heard.flatMap(messagesOf), stored);
      for (const commit of heard) assert.equal(commit.last, commit.seqAt(commit.count - 1));
    });

    itWithStore(subject, 'of one kind only are a commit whose messages are what is stored', async ({ storage }) => {
      const heard: Commit[] = [];
      storage.onCommit((commit) => heard.push(commit));
      await Promise.all(Array.from({ length: 64 }, (_, n) => asBytes(storage, { requestId: `r${n}`, topic: 'a', data: '"é"' })));
      await Promise.all(Array.from({ length: 64 }, (_, n) => asBytes(storage, { requestId: `s${n}`, topic: 'a.b', data: `[${n}]` })));
      assert.deepEqual(heard.flatMap(messagesOf), await readAll(storage));
      for (const commit of heard) {
        for (let index = 0; index < commit.count; index++) {
          const { topic, data, change, seq } = commit.message(index);
          assert.deepEqual([commit.topicAt(index), commit.isChangeAt(index), commit.seqAt(index)], [topic, change, seq]);
          assert.ok(commit.sizeAt(index) >= topic.length + data.length);
        }
        commit.release();
      }
    });

    itWithStore(subject, 'that are given up fail at once, once, and take effect all the same; others are answered as ever', async ({ storage }) => {
      const sent = { requestId: 'r', topic: 'a', data: '1' };
      const given = asBytes(storage, sent);
      const written = storage.write(publish('w', message('a', { data: '2' })));
      const late = new Error('late');
      // They were given at 7.5.
      storage.abandon(7.5, new Error('too early'));
      storage.abandon(8, late);
      storage.abandon(9, new Error('again'));
      const kept = asBytes(storage, { requestId: 'k', topic: 'a', data: '3' });
      await assert.rejects(given, late);
      assert.equal((await written).status, 'written');
      assert.equal((await kept).status, 'written');
      assert.deepEqual(
        (await readAll(storage)).map(({ data }) => data),
        ['1', '2', '3'],
      );
      const { status } = await asBytes(storage, sent);
      assert.equal(status, 'replayed');
      storage.abandon(Number.POSITIVE_INFINITY, late);
    });

    itWithStore(subject, 'keep their place and their bytes behind very many units of one commit', async ({ storage }) => {
      const units = Array.from({ length: 3_000 }, (_, n) => storage.write({ messages: [message('unit', { data: String(n) })] }));
      const sent = Array.from({ length: 900 }, (_, n) => ({ requestId: `r${n}`, topic: `t.${n % 300}`, data: `[${n}]` }));
      const outcomes = await Promise.all([...units, ...sent.map((one) => asBytes(storage, one))]);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.status === 'written' && outcome.firstSeq),
        Array.from({ length: 3_900 }, (_, n) => n + 1),
      );
      assert.deepEqual(
        (await readAll(storage, 3_000)).map(({ topic, data }) => `${topic} ${data}`),
        sent.map(({ topic, data }) => `${topic} ${data}`),
      );
      for (const { requestId } of sent) assert.equal((await storage.findRequest('client', requestId))?.kind, 'publish');
    });

    itWithStore(subject, 'take effect once, whichever way they are repeated', async (bench) => {
      const first = { requestId: 'r', topic: 'a', data: '{"n":1}' };
      const outcomes = await Promise.all([
        asBytes(bench.storage, first),
        asBytes(bench.storage, first),
        bench.storage.write(publish('r', message('a', { data: '{"n":1}' }))),
        asBytes(bench.storage, { ...first, data: '{"n":2}' }),
        asBytes(bench.storage, { ...first, topic: 'b' }),
        asBytes(bench.storage, first, 'another'),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['written', 'replayed', 'replayed', 'reused', 'reused', 'written'],
      );
      await bench.restart();
      const again = await asBytes(bench.storage, first);
      assert.ok(again.status === 'replayed' && again.remembered.kind === 'publish' && again.remembered.message.seq === 1);
      assert.equal(bench.storage.log.last, 2);
    });

    itWithStore(subject, 'are not mixed up while memory is used again and again', async ({ storage }) => {
      // Each commit is let go of at some time later, as a feed does.
      const kept: Commit[] = [];
      const seen: string[] = [];
      storage.onCommit((commit) => {
        kept.push(commit);
        if (kept.length < 4) return;
        const oldest = kept.shift() as Commit;
        for (const { data } of messagesOf(oldest)) seen.push(data);
        oldest.release();
      });
      let n = 0;
      const sent: string[] = [];
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 40 }), async (sizes) => {
          await Promise.all(
            sizes.map((size) => {
              const data = JSON.stringify(`${++n}${'x'.repeat(size)}`);
              sent.push(data);
              return asBytes(storage, { requestId: `r${n}`, topic: 'a', data });
            }),
          );
        }),
        { numRuns: 30 },
      );
      for (const commit of kept) for (const { data } of messagesOf(commit)) seen.push(data);
      assert.ok(seen.length === sent.length && seen.every((data, index) => data === sent[index]));
      const stored = await readAll(storage);
      assert.ok(stored.every(({ data }, index) => data === sent[index]));
    });

    itWithStore(subject, 'are refused by a store that is closed', async ({ storage }) => {
      const closing = storage.close();
      await assert.rejects(asBytes(storage, { requestId: 'r', topic: 'a', data: '1' }), { problem: 'closed' });
      await closing;
    });
  });
};
