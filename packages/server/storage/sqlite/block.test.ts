// Blocks: what was appended, as texts or as bytes, is what is read; what is cut off is gone; what is not a block is told.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StorageError, type StoredMessage } from '../../ports/storage.ts';
import { BLOCK_SQL, Block, OVERHEAD_BYTES } from './block.ts';
import { BlockBuilder } from './block-builder.ts';
import { type Database, openPlain, prepareRows, rows, type Value } from './database.ts';
import { migrate } from './schema.ts';

interface Appended extends StoredMessage {
  readonly client: string | null;
  readonly requestId: string | null;
  readonly fingerprint: number;
  readonly asBytes: boolean;
}

const fresh = (): Database => {
  const database = openPlain(':memory:');
  migrate(database, () => '0123456789abcdef');
  return database;
};

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const ascii = fc.stringMatching(/^[!-~]{1,40}$/);
const appended = fc.record({
  topic: fc.constantFrom<string>('a', 'a.b', 'orders.42.updated', '$sys.x', 'größe'),
  data: fc
    .oneof(
      text,
      fc.nat(70_000).map((length) => 'x'.repeat(length)),
    )
    .map((value) => JSON.stringify(value)),
  timestamp: fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_001_000 }), fc.nat()),
  client: fc.constantFrom<string>('client', 'another', 'ß'),
  requestId: ascii,
  fingerprint: fc.nat(0xffff_ffff),
  kind: fc.constantFrom('publish', 'bytes', 'bytes', 'change', 'plain'),
});

const messagesOf = (sent: readonly (typeof appended extends fc.Arbitrary<infer Sent> ? Sent : never)[], from: number): Appended[] =>
  sent.map(({ kind, client, requestId, ...rest }, index) => {
    const named = kind === 'publish' || kind === 'bytes';
    const names = named ? { client, requestId } : { client: null, requestId: null };
    return { ...rest, ...names, seq: from + index, messageId: `id-${index}`.padEnd(36, '-'), change: kind === 'change', asBytes: kind === 'bytes' };
  });

/** Appends as the log does; publishes as bytes lie one behind the other in shared memory. */
const append = (builder: BlockBuilder, messages: readonly Appended[]): number => {
  const source = Buffer.from(messages.map(({ messageId, requestId, data }) => `${messageId}${requestId ?? ''}${data}`).join(''));
  let at = 0;
  let bytes = 0;
  for (const message of messages) {
    const { seq, client, requestId, fingerprint, timestamp } = message;
    const size = Buffer.byteLength(`${message.messageId}${requestId ?? ''}${message.data}`);
    if (!builder.takes(seq, timestamp, size)) builder.write();
    if (!message.asBytes) bytes += builder.add(seq, message, client, requestId, fingerprint, size);
    else {
      const requestIdLength = (requestId as string).length;
      bytes += builder.addPublish(
        seq,
        { source, at, size, idLength: 36, requestIdLength, topic: message.topic, client: client as string, timestamp },
        fingerprint,
      );
    }
    at += size;
  }
  builder.write();
  return bytes;
};

const blocksOf = (database: Database): Block[] => rows(prepareRows(database, `SELECT ${BLOCK_SQL} FROM log ORDER BY last`)).map((row) => new Block(row));

const read = (block: Block, index: number) => {
  const isPublish = block.isPublish(index);
  const names = { client: block.client(index) ?? null, requestId: isPublish ? block.requestId(index) : null };
  return { ...block.message(index), ...names, fingerprint: block.fingerprint(index) };
};

describe('blocks', () => {
  it('property: hold what was appended, as texts or as bytes', () => {
    fc.assert(
      fc.property(fc.array(appended, { minLength: 1, maxLength: 300 }), (sent) => {
        const database = fresh();
        const messages = messagesOf(sent, 7);
        const builder = new BlockBuilder(database);
        const bytes = append(builder, messages);
        const blocks = blocksOf(database);
        assert.deepEqual(
          blocks.flatMap((block) => Array.from({ length: block.count }, (_, index) => read(block, index))),
          messages.map(({ asBytes: _, ...rest }) => rest),
        );
        assert.equal(
          blocks.reduce((sum, block) => sum + block.weight(), 0),
          bytes + messages.length * OVERHEAD_BYTES,
        );
        database.close();
      }),
      { numRuns: 40 },
    );
  });

  it('property: without their first messages hold the others', () => {
    fc.assert(
      fc.property(fc.array(appended, { minLength: 2, maxLength: 100 }), fc.nat(98), (sent, some) => {
        const database = fresh();
        append(new BlockBuilder(database), messagesOf(sent, 1));
        for (const block of blocksOf(database)) {
          if (block.count === 1) continue;
          const gone = 1 + (some % (block.count - 1));
          const { facts, bytes } = block.without(gone);
          database.prepare('UPDATE log SET first = ?, facts = ?, bytes = ? WHERE last = ?').run(block.first + gone, facts, bytes, block.last);
          const rest = blocksOf(database).find(({ last }) => last === block.last) as Block;
          assert.deepEqual(
            Array.from({ length: rest.count }, (_, index) => read(rest, index)),
            Array.from({ length: rest.count }, (_, index) => read(block, gone + index)),
          );
          assert.equal(rest.weight(), block.weight(gone));
        }
        database.close();
      }),
      { numRuns: 40 },
    );
  });

  it('are bounded: many messages are many blocks, a large one has its own', () => {
    const database = fresh();
    const one = { topic: 'a', timestamp: 5, client: 'c', requestId: 'r', fingerprint: 1, kind: 'bytes' } as const;
    const data = (length: number): string => JSON.stringify('x'.repeat(length));
    append(new BlockBuilder(database), messagesOf([...Array.from({ length: 300 }, () => ({ ...one, data: data(200) })), { ...one, data: data(300_000) }], 1));
    const counts = blocksOf(database).map(({ count }) => count);
    assert.equal(counts.at(-1), 1);
    assert.ok(counts.every((count) => count <= 128));
    const sizes = rows(prepareRows(database, 'SELECT length(bytes) FROM log ORDER BY last')).map(([size]) => Number(size));
    assert.ok(
      sizes.slice(0, -1).every((size) => size <= 32_768),
      sizes.join(),
    );
    assert.ok(counts.length <= 5, 'they are filled');
    database.close();
  });

  it('that are damaged are told, not read', () => {
    const database = fresh();
    const one = { topic: 'a', timestamp: 5, client: 'c', requestId: 'r', fingerprint: 1, kind: 'publish', data: '"some data"' } as const;
    append(new BlockBuilder(database), messagesOf([one, one, one], 1));
    const whole = rows(prepareRows(database, `SELECT ${BLOCK_SQL} FROM log`))[0] as Value[];
    const facts = whole[4] as Uint8Array;
    const changed = (at: number, value: number): Uint8Array => {
      const copy = facts.slice();
      new DataView(copy.buffer).setUint32(at, value, true);
      return copy;
    };
    const wrong: readonly (readonly [at: number, value: Value])[] = [
      [1, 2],
      [1, 9],
      [3, 'no JSON'],
      [3, '[["a"]]'],
      [3, '[["a"],[1]]'],
      [3, '[[],["c"]]'],
      [4, facts.subarray(4)],
      [4, new Uint8Array()],
      [4, null],
      [4, changed(0, 1_000)],
      [4, changed(8, 7)],
      [4, changed(12, 0xffff)],
      [4, changed(40, 1)],
      [5, new Uint8Array(5)],
      [5, 'text'],
    ];
    for (const [at, value] of wrong) {
      const row = whole.map((column, place) => (place === at ? value : column));
      assert.throws(
        () => {
          const block = new Block(row);
          for (let index = 0; index < block.count; index++) [block.message(index), block.size(index), block.requestId(index)];
        },
        (error) => error instanceof StorageError && /damaged at place \d/.test(error.message),
        `column ${at} as ${String(value)}`,
      );
    }
    database.close();
  });
});
