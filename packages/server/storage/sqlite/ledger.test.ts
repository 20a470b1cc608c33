// Ledgers: lines that stay as they were while it widens, and are nobody else's until it is given back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AT, DATA_LENGTH, Ledgers, REQUEST_ID_LENGTH, SEQ, STARTED_AT, TIMESTAMP } from './ledger.ts';

const COLUMNS = [AT, REQUEST_ID_LENGTH, DATA_LENGTH, TIMESTAMP, STARTED_AT] as const;

test('property: a ledger keeps its lines while it widens and others come and go', () => {
  const ledgers = new Ledgers();
  const filled = (lines: number, seed: number) => {
    let ledger = ledgers.take();
    for (let line = 0; line < lines; line++) {
      if (line === ledger.lines) ledger = ledgers.widen(ledger);
      ledger.write(line, seed + line, 1, 2, 3.5, seed / 2, `t.${seed}.${line}`);
    }
    for (let line = 0; line < lines; line++) ledger.set(line, SEQ, seed * 10 + line);
    return { ledger, lines, seed };
  };
  fc.assert(
    fc.property(fc.array(fc.record({ lines: fc.integer({ min: 0, max: 300 }), keep: fc.nat(3) }), { maxLength: 30 }), (steps) => {
      const kept: ReturnType<typeof filled>[] = [];
      for (const [index, { lines, keep }] of steps.entries()) {
        kept.push(filled(lines, index + 1));
        for (const each of kept)
          for (let line = 0; line < each.lines; line++) {
            const row = [...COLUMNS.map((column) => each.ledger.get(line, column)), each.ledger.get(line, SEQ), each.ledger.topics[line]];
            assert.deepEqual(row, [each.seed + line, 1, 2, 3.5, each.seed / 2, each.seed * 10 + line, `t.${each.seed}.${line}`]);
          }
        while (kept.length > keep) ledgers.give((kept.shift() as (typeof kept)[number]).ledger);
      }
      for (const { ledger } of kept) ledgers.give(ledger);
    }),
    { numRuns: 50 },
  );
});

test('one that was given back is taken again, by whoever needs its size', () => {
  const ledgers = new Ledgers();
  const small = ledgers.take();
  const large = ledgers.take(100);
  assert.ok(large.lines >= 100 && small.lines < 100);
  ledgers.give(small);
  ledgers.give(large);
  assert.equal(ledgers.take(large.lines), large);
  assert.equal(ledgers.take(), small);
  assert.notEqual(ledgers.take(), small);
});
