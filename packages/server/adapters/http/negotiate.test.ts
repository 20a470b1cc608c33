// What `Accept` excludes and prefers (3.1.2, 6.3.3).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@godwit/protocol';
import { checkAccepts, prefersEventStream } from './negotiate.ts';

test('3.1.2: what excludes JSON, and what does not', () => {
  for (const accept of [
    undefined,
    '',
    'application/json; charset=utf-8',
    'application/json;indent=2',
    'text/html, application/json;charset=UTF-8',
    'application/json;version=1, */*;q=0',
    'application/json ; charset="utf-8,\\";q=0" ; q=0.1',
    'application/json;v=1;Q=0.5;x',
    'application/*;v=2',
    '*/*;q=0.1',
    'text/html;level=1;q=1, */*;q=0.001',
    'application/json;q=1;v=1;q2=0',
  ])
    checkAccepts(accept);
  for (const accept of [
    'application/json;q=0',
    'application/json;charset=utf-8;q=0',
    'application/json; Q=0; charset=utf-8',
    'application/json ; q = 0, */*',
    'text/html',
    'text/html;a="application/json"',
    'text/html;a="x, application/json, y"',
    'application/problem+json;charset=utf-8',
    '*/*;q=0',
  ]) {
    assert.throws(
      () => checkAccepts(accept),
      (error) => error instanceof ProtocolError && error.code === 'NOT_ACCEPTABLE' && error.details.field === '/headers/accept',
      accept,
    );
  }
});

test('6.3.3: a stream is preferred whatever its parameters', () => {
  for (const accept of ['text/event-stream', 'text/event-stream;charset=utf-8', 'Text/Event-Stream; v=1; q=0.9, application/json;q=0.5'])
    assert(prefersEventStream(accept), accept);
  for (const accept of [undefined, '', 'text/event-stream;q=0', 'text/event-stream;charset=utf-8;q=0.5, application/json;indent=2', '*/*'])
    assert(!prefersEventStream(accept), accept);
});

test('a hostile header is read in time that grows with its length', () => {
  for (const accept of [';"'.repeat(8000), `;${'"\\'.repeat(8000)}`, `;${' '.repeat(16_000)}`, `;${'"'.repeat(16_001)}`, ';q'.repeat(8000)])
    assert.throws(() => checkAccepts(accept));
});
