// 12.1: what an orchestrator and a scraper ask.
import assert from 'node:assert/strict';
import { caller } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import { scenario } from '../scenario.ts';

scenario('12.1 /healthz and /readyz answer 200 without credentials, outside /v1', {}, async (t) => {
  for (const path of ['/healthz', '/readyz']) {
    assert.equal((await t.anonymous.http('GET', path)).status, 200, path);
    refuses(await t.admin.http('GET', `/v1${path}`), ['NOT_FOUND', 'FORBIDDEN'], undefined, `/v1${path} is a collection’s path`);
  }
});

scenario('12.1 /metrics speaks the Prometheus text format', {}, async (t) => {
  succeeds(await t.admin.http('GET', '/v1/messages?topics=a'));
  const answer = await t.anonymous.http('GET', '/metrics');
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers['content-type']), /^(?:text\/plain|application\/openmetrics-text)\b/);
  const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(lines.length > 10, `${lines.length} samples`);
  for (const line of lines)
    assert.match(
      line,
      /^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*",?)*\})? (?:[+-]?(?:\d[\d.]*(?:e[+-]?\d+)?|Inf)|NaN)(?: \d+)?$/i,
      line,
    );
  const declared = new Set([...answer.text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  assert.ok(declared.size > 5, 'and types are declared');
});

scenario('12.1 no key, document or topic appears in the metrics', {}, async (t) => {
  const collection = await t.collection();
  const id = t.name('findable');
  succeeds(await t.admin.post(`/${collection}`, { id, secret: 'find-this-content' }), 201);
  await t.admin.http('GET', `/v1/${collection}/${id}`);
  const { text } = await t.anonymous.http('GET', '/metrics');
  for (const trace of [id, 'find-this-content', t.admin.credential ?? '']) assert.ok(!text.includes(trace), trace.slice(0, 20));
});

scenario('12.1 they are not rate limited', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--operations-per-minute', '2'] });
  for (let n = 0; n < 2; n++) succeeds(await server.admin.http('GET', '/v1/messages?topics=a'));
  refuses(await server.admin.http('GET', '/v1/messages?topics=a'), 'RATE_LIMITED');
  for (let n = 0; n < 40; n++) {
    for (const path of ['/healthz', '/readyz', '/metrics'])
      assert.equal((await caller(server.url, server.key).http('GET', path)).status, 200, `${path}, time ${n + 1}`);
  }
});
