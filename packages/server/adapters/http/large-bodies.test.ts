// Large bodies: two of a client at a time, in their order, and counted before they are parsed (7.1.1).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { settled } from '../../testing/clock.ts';
import { gzips } from '../../testing/gzips.ts';
import { testServer } from '../../testing/server.ts';
import { LargeBodies } from './large-bodies.ts';

test('two of a client have their turn, the others wait in order, and no other client does', async () => {
  const bodies = new LargeBodies();
  const in_: string[] = [];
  const enter = (client: string, name: string): void => void bodies.enter(client).then(() => in_.push(name));
  for (const name of ['one', 'two', 'three', 'four']) enter('a', name);
  enter('b', 'other');
  await settled();
  assert.deepEqual(in_, ['one', 'two', 'other']);
  bodies.leave('a');
  await settled();
  assert.deepEqual(in_.slice(3), ['three']);
  bodies.leave('a');
  bodies.leave('a');
  await settled();
  assert.deepEqual(in_.slice(4), ['four']);
  bodies.leave('a');
  enter('a', 'five');
  await settled();
  assert.equal(in_.at(-1), 'five');
});

test('7.1.1: batches of a few KB that unpack to 10 MB are unpacked two at a time, and counted although they hold nothing', async () => {
  const server = await testServer({ settings: { operationsPerMinute: 55 } });
  try {
    const raw = gzipSync(`{"requestId":"bomb","data":{"operations":[${'{"a":{}},'.repeat(1_100_000)}0]}}`);
    const headers = { 'content-encoding': 'gzip' };
    const codes: (string | undefined)[] = [];
    const counted = await gzips(() =>
      Promise.all(
        Array.from({ length: 8 }, async () => {
          codes.push((await server.client.ask('POST', '/v1/batch', { raw, headers })).code);
        }),
      ),
    );
    assert.deepEqual(counted, { all: 8, atOnce: 2 });
    // 9.9 million bytes: ten messages' worth each.
    assert.deepEqual(codes.sort(), [...Array(3).fill('RATE_LIMITED'), ...Array(5).fill('VALIDATION_FAILED')]);
  } finally {
    await server.close();
  }
});

test('7.1.1: a large body costs what a valid one of its size costs, and a valid one no more than ever', async () => {
  const server = await testServer({ collections: { docs: {} }, settings: { maxBatchOperations: 100 } });
  try {
    const ask = async (path: string, data: unknown, status: number): Promise<number> => {
      const before = Number((await server.client.ask('GET', '/v1/docs')).headers['x-ratelimit-remaining']);
      const answer = await server.client.ask('POST', path, { data });
      assert.equal(answer.status, status, answer.text.slice(0, 200));
      return before - Number(answer.headers['x-ratelimit-remaining']);
    };
    const text = 'x'.repeat(100_000);
    const operations = Array.from({ length: 15 }, () => ({ method: 'POST', path: '/docs', data: { text } }));
    assert.equal(await ask('/v1/docs', { text }, 201), 1);
    assert.equal(await ask('/v1/docs', [text], 422), 1);
    assert.equal(await ask('/v1/docs', ['small'], 422), 0);
    assert.equal(await ask('/v1/batch', { operations }, 200), 15);
    assert.equal(await ask('/v1/batch', { operations, mode: 'none such' }, 422), 2);
  } finally {
    await server.close();
  }
});
