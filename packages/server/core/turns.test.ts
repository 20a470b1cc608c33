// Work in pieces: in order, with turns of the event loop in between, whatever one of them does.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { settled } from '../testing/clock.ts';
import { Turns } from './turns.ts';

const busy = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end; );
};

test('pieces run in a later turn, in the order in which they came', async () => {
  const turns = new Turns();
  const ran: number[] = [];
  for (let piece = 0; piece < 1000; piece++) turns.push(() => ran.push(piece));
  assert.equal(ran.length, 0);
  while (ran.length < 1000) await settled();
  assert.deepEqual(
    ran,
    Array.from({ length: 1000 }, (_, piece) => piece),
  );
  turns.push(() => ran.push(-1));
  await settled();
  assert.equal(ran.at(-1), -1);
});

test('what is much leaves others their turn', async () => {
  const turns = new Turns();
  let ran = 0;
  for (let piece = 0; piece < 40; piece++)
    turns.push(() => {
      busy(3);
      ran++;
    });
  let between = 0;
  while (ran < 40) {
    await settled();
    between++;
  }
  // 8 ms at a time, four pieces at least.
  assert(between >= 8, `${between} turns`);
});

test('a piece may push another, which runs after those that wait', async () => {
  const turns = new Turns();
  const ran: string[] = [];
  turns.push(() => {
    ran.push('a');
    turns.push(() => ran.push('c'));
  });
  turns.push(() => ran.push('b'));
  while (ran.length < 3) await settled();
  assert.deepEqual(ran, ['a', 'b', 'c']);
});

test('a piece that throws does not keep the others from their turn', () => {
  const url = new URL('./turns.ts', import.meta.url).href;
  const { stdout, stderr } = spawnSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import { Turns } from ${JSON.stringify(url)};
    process.on('uncaughtException', ({ message }) => console.log(message));
    const turns = new Turns();
    turns.push(() => console.log('one'));
    turns.push(() => { throw new Error('two'); });
    turns.push(() => console.log('three'));
    setTimeout(() => turns.push(() => console.log('four')), 20);`,
  ]);
  assert.equal(String(stdout), 'one\ntwo\nthree\nfour\n', String(stderr));
});

test('a turn of the event loop is long once what comes in has taken its share of it, and the next one is not', async () => {
  const turns = new Turns();
  assert.equal(turns.isLong, false);
  busy(10);
  assert.equal(turns.isLong, true);
  assert.equal(turns.isLong, true);
  await settled();
  assert.equal(turns.isLong, false);
});
