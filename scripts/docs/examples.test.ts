// The examples are what a real server answers: they are executed again and compared. Else run `node scripts/docs/run-examples.ts` after a build.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EXAMPLES_FILE, readExamples } from './examples.ts';
import { examplesText } from './run-examples.ts';
import { curl } from './shapes.ts';

test('executed again they are the same, ids and times aside: else run `node scripts/docs/run-examples.ts`', { timeout: 120_000 }, async () => {
  assert.deepEqual(JSON.parse(await examplesText()), JSON.parse(readFileSync(new URL(`../../${EXAMPLES_FILE}`, import.meta.url), 'utf8')));
});

test('what is shown as a command asks what was asked', () => {
  const text = curl({ method: 'PATCH', path: '/v1/orders/42', headers: { 'if-match': '"1-x"' }, body: { requestId: 'r', data: { note: "it's" } } });
  assert.equal(
    text,
    `curl -X PATCH 'http://localhost:7117/v1/orders/42' \\
  -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/json' \\
  -H 'If-Match: "1-x"' \\
  -d '{
  "requestId": "r",
  "data": {
    "note": "it'\\''s"
  }
}'`,
  );
  assert.equal(curl({ method: 'GET', path: '/v1', credentials: false }), "curl 'http://localhost:7117/v1'");
});

test('no example tells a secret or a time of this run', () => {
  const text = JSON.stringify(readExamples());
  for (const [time] of text.matchAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g)) assert.match(time, /^2026-11-22T1[01]:0[01]:00\.000Z$/);
  assert.equal(new Set([...text.matchAll(/gdw_\w+/g)].map(([key]) => key)).size, 1);
  assert(!text.includes('the-admin-key'));
});
