// 4.1.1 and 4.1.2: what a request with a body must be, member by member, and what X-Request-Id is not.
import assert from 'node:assert/strict';
import type { HttpAnswer } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';

/** Publishes with this body: any JSON is data there, so what is refused is refused for its envelope. */
const publisher = (t: Trial): ((body: Json, headers?: Record<string, string>) => Promise<HttpAnswer>) => {
  const topic = t.name('t');
  return (body, headers = {}) =>
    t.admin.http('POST', `/v1/topics/${topic}/messages`, { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body), headers });
};

scenario('4.1.1 requestId is 1 to 128 visible ASCII characters', {}, async (t) => {
  const post = publisher(t);
  const unique = t.name();
  for (const requestId of [`!${unique}~`, unique.padEnd(128, 'x'), `{"${unique}'<>&\\`, String.fromCharCode(33 + Math.floor(Math.random() * 94)) + unique]) {
    const answer = await post({ requestId, data: 1 });
    succeeds(answer, 201, requestId);
    assert.equal(answer.requestId, requestId);
  }
  for (const requestId of ['', 'x'.repeat(129), 'a b', ' a', 'a\n', 'a\u0000', 'a\u007f', 'ä', '😀', 5, true, null, {}, ['a'], 1e21]) {
    refuses(await post({ requestId, data: 1 }), 'INVALID_ENVELOPE', '/requestId', JSON.stringify(requestId));
  }
});

scenario('4.1.1 requestId and data are required', {}, async (t) => {
  const post = publisher(t);
  refuses(await post({ data: 1 }), 'INVALID_ENVELOPE', '/requestId', 'no requestId');
  refuses(await post({ requestId: t.name() }), 'INVALID_ENVELOPE', '/data', 'no data');
  refuses(await post({}), 'INVALID_ENVELOPE', /^\/(?:requestId|data)$/, 'neither');
  for (const data of [null, 0, false, '', [], {}]) succeeds(await post({ requestId: t.name(), data }), 201, `data ${JSON.stringify(data)} is data`);
});

scenario('4.1.1 timestamp and metadata are optional and checked when present', {}, async (t) => {
  const post = publisher(t);
  const good: Json[] = [
    {},
    { timestamp: '2026-11-22T10:00:00.000Z' },
    { metadata: {} },
    { metadata: { version: '1.0' } },
    { metadata: { version: '1.0', client: 'spec/1' } },
    { metadata: { client: 'spec' } },
  ];
  for (const members of good) succeeds(await post({ requestId: t.name(), data: 1, ...members }), 201, JSON.stringify(members));
  const bad: readonly [Json, string][] = [
    [{ timestamp: 5 }, '/timestamp'],
    [{ timestamp: 'yesterday' }, '/timestamp'],
    [{ timestamp: '' }, '/timestamp'],
    [{ timestamp: '2026-11-22' }, '/timestamp'],
    [{ timestamp: '2026-13-22T10:00:00.000Z' }, '/timestamp'],
    [{ timestamp: '2026-02-30T10:00:00.000Z' }, '/timestamp'],
    [{ timestamp: '2026-11-22T25:00:00.000Z' }, '/timestamp'],
    [{ timestamp: {} }, '/timestamp'],
    [{ metadata: 'x' }, '/metadata'],
    [{ metadata: 5 }, '/metadata'],
    [{ metadata: [] }, '/metadata'],
    [{ metadata: { version: 1 } }, '/metadata/version'],
    [{ metadata: { version: {} } }, '/metadata/version'],
    [{ metadata: { client: 5 } }, '/metadata/client'],
  ];
  for (const [members, field] of bad) refuses(await post({ requestId: t.name(), data: 1, ...members }), 'INVALID_ENVELOPE', field, JSON.stringify(members));
});

scenario('4.1.1 unknown members are ignored', {}, async (t) => {
  const post = publisher(t);
  succeeds(await post({ requestId: t.name(), data: 1, more: { a: [1] }, status: 'error', error: {}, metadata: { version: '1.0', other: 5 } }), 201);
});

scenario('4.1.1 a body that is not an object is INVALID_ENVELOPE', {}, async (t) => {
  const post = publisher(t);
  for (const body of ['[]', '"text"', '5', 'true', 'null', '[{"requestId":"x","data":1}]']) refuses(await post(body), 'INVALID_ENVELOPE', undefined, body);
});

scenario('4.1.1 every member is checked on PUT and PATCH as on POST', {}, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, {}), 201);
  for (const method of ['PUT', 'PATCH']) {
    const send = (body: Json): Promise<HttpAnswer> => t.admin.http(method, `/v1/${collection}/${id}`, { body: JSON.stringify(body) });
    refuses(await send({ data: {} }), 'INVALID_ENVELOPE', '/requestId', method);
    refuses(await send({ requestId: t.name() }), 'INVALID_ENVELOPE', '/data', method);
    refuses(await send({ requestId: t.name(), data: {}, timestamp: 1 }), 'INVALID_ENVELOPE', '/timestamp', method);
    refuses(await send([]), 'INVALID_ENVELOPE', undefined, method);
  }
});

scenario('4.1.1 an Idempotency-Key may stand in for requestId', {}, async (t) => {
  const post = publisher(t);
  const key = t.name('k');
  const answer = await post({ data: 1 }, { 'idempotency-key': key });
  succeeds(answer, 201);
  assert.equal(answer.requestId, key, 'it is the requestId of the answer');
  for (const bad of ['x'.repeat(129), 'a b']) refuses(await post({ data: 1 }, { 'idempotency-key': bad }), 'INVALID_ENVELOPE', undefined, bad);
});

scenario('4.1.1 what is not JSON is MALFORMED_JSON', {}, async (t) => {
  const post = publisher(t);
  const start = await endOfLog(t.admin);
  const id = `"requestId":"${t.name()}"`;
  const bodies = [
    '',
    ' ',
    '{',
    '}',
    '{"',
    `{${id}`,
    `{${id},"data":`,
    `{${id},"data":1`,
    `{${id},"data":1}}`,
    `{${id},"data":1} x`,
    `{${id},"data":1}{}`,
    `{${id},"data":1,}`,
    `{${id},"data":[1,]}`,
    `{${id} "data":1}`,
    `{'requestId':'x','data':1}`,
    `{requestId:"x",data:1}`,
    `{${id},"data":NaN}`,
    `{${id},"data":Infinity}`,
    `{${id},"data":undefined}`,
    `{${id},"data":01}`,
    `{${id},"data":+1}`,
    `{${id},"data":.5}`,
    `{${id},"data":1.}`,
    `{${id},"data":0x10}`,
    `{${id},"data":1e}`,
    `{${id},"data":-}`,
    `{${id},"data":"\n"}`,
    `{${id},"data":"\t"}`,
    `{${id},"data":"\\x41"}`,
    `{${id},"data":"\\u12"}`,
    `{${id},"data":"\\u{41}"}`,
    `{${id},"data":TRUE}`,
    `{${id},"data":nul}`,
    `{${id},/* c */"data":1}`,
    `{${id},"data":1}// c`,
    'requestId=x&data=1',
    '<xml/>',
    '\u0000',
    `{${id},"data":"abc`,
  ];
  for (const body of bodies)
    refuses(await post(body), body.trim() === '' ? ['MALFORMED_JSON', 'INVALID_ENVELOPE'] : 'MALFORMED_JSON', undefined, JSON.stringify(body));
  assert.deepEqual(
    (await logAfter(t.admin, '**', start)).filter(({ data }) => data === 'abc'),
    [],
  );
});

scenario('4.1.1 what fits no double is MALFORMED_JSON, what fits one is served', {}, async (t) => {
  const post = publisher(t);
  const with_ = (value: string): string => `{"requestId":"${t.name()}","data":${value}}`;
  for (const value of ['1e400', '-1e400', '1e999999999', '[1,{"a":2e308}]', `1${'0'.repeat(400)}`, '-1.8e308'])
    refuses(await post(with_(value)), 'MALFORMED_JSON', undefined, value.slice(0, 40));
  const start = await endOfLog(t.admin);
  const good = ['1e308', '-1.7976931348623157e308', '5e-324', '0.1', '9007199254740991', '-0', '1E2', '1e+2', '123456789.125'];
  for (const value of good) succeeds(await post(with_(value)), 201, value);
  const seen = (await logAfter(t.admin, '**', start)).map(({ data }) => data);
  for (const value of good) assert.ok(seen.includes(Number(value)) || seen.includes(Math.abs(Number(value))), `${value} comes back as it went`);
});

scenario('4.1.1 a lone surrogate is MALFORMED_JSON, a pair is text', {}, async (t) => {
  const post = publisher(t);
  const with_ = (value: string): string => `{"requestId":"${t.name()}","data":${value}}`;
  for (const value of [
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud800x"',
    '"x\\udfff"',
    '"\\ude00\\ud83d"',
    '"\\ud83d\\ud83d\\ude00"',
    '{"\\ud800":1}',
    '[["\\uDBFF"]]',
    '"\\ud83d\\n"',
    '"\\ud83d\\\\ude00"',
  ]) {
    refuses(await post(with_(value)), 'MALFORMED_JSON', undefined, value);
  }
  for (const value of ['"\\ud83d\\ude00"', '"😀"', '"\\\\ud800"', '"\\uFFFF"', '"\\u0000"', '{"\\ud83d\\ude00":1}'])
    succeeds(await post(with_(value)), 201, value);
  refuses(await post(`{"requestId":"${t.name()}","data":1,"other":"\\ud800"}`), 'MALFORMED_JSON', undefined, 'also in a member that is ignored');
});

scenario('4.1.1 nesting deeper than 64 is MALFORMED_JSON, however deep', {}, async (t) => {
  const post = publisher(t);
  const nested = (depth: number, open: string, close: string, core = '1'): string =>
    `{"requestId":"${t.name()}","data":${open.repeat(depth)}${core}${close.repeat(depth)}}`;
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ] as const) {
    const levels = open.length === 6 ? 2 : 1;
    // The envelope is a level itself: 63 in it are 64 in all. Whether the limit counts the envelope is left open here.
    succeeds(await post(nested(Math.floor(63 / levels), open, close)), 201, `${open} 64 deep in all`);
    refuses(await post(nested(Math.ceil(66 / levels), open, close)), 'MALFORMED_JSON', undefined, `${open} 66 deep`);
    refuses(await post(nested(100_000, open, close)), 'MALFORMED_JSON', undefined, `${open} 100,000 deep`);
    refuses(await post(nested(100_000, open, '')), 'MALFORMED_JSON', undefined, `${open} 100,000 deep and never closed`);
  }
  succeeds(await post({ requestId: t.name(), data: '['.repeat(200) }), 201, 'brackets in a string are text');
  succeeds(await post({ requestId: t.name(), data: `\\"${'{['.repeat(100)}` }), 201, 'after an escaped quote too');
  succeeds(await post({ requestId: t.name(), data: Array.from({ length: 200 }, () => [[]]) }), 201, 'side by side is not deep');
});

scenario('4.1.1 the same member twice is refused, or the last counts: never both', {}, async (t) => {
  const collection = await t.collection();
  const answer = await t.admin.http('POST', `/v1/${collection}`, { body: `{"requestId":"${t.name()}","data":{"a":1},"data":{"a":2,"b":1,"b":2}}` });
  if (answer.status === 201) assert.deepEqual([answer.data.a, answer.data.b], [2, 2]);
  else refuses(answer, ['MALFORMED_JSON', 'INVALID_ENVELOPE']);
});

scenario('4.1.2 X-Request-Id is echoed where the body brings no requestId', {}, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, {}), 201);
  for (const [method, path] of [
    ['GET', `/v1/${collection}`],
    ['GET', `/v1/${collection}/${id}`],
    ['GET', `/v1/${collection}/missing`],
    ['GET', '/nowhere'],
    ['GET', `/v1/${collection}?limit=0`],
    ['HEAD', `/v1/${collection}`],
    ['DELETE', `/v1/${collection}/${id}`],
  ] as const) {
    const correlation = t.name('x');
    const answer = await t.admin.http(method, path, { headers: { 'x-request-id': correlation } });
    assert.equal(answer.headers['x-request-id'], correlation, `${method} ${path}: header`);
    if (answer.json !== undefined) assert.equal(answer.requestId, correlation, `${method} ${path}: envelope`);
  }
});

scenario('4.1.2 where there is none it is made up, each time another', {}, async (t) => {
  const ids = [await t.admin.http('GET', '/v1'), await t.admin.http('GET', '/v1'), await t.admin.http('GET', '/nowhere')].map(({ headers, requestId }) => {
    assert.equal(headers['x-request-id'], requestId);
    return requestId;
  });
  assert.equal(new Set(ids).size, 3);
});

scenario('4.1.2 the requestId of the body is the answer’s, whatever X-Request-Id says', {}, async (t) => {
  const collection = await t.collection();
  const requestId = t.name('r');
  const answer = await t.admin.http('POST', `/v1/${collection}`, { data: {}, requestId, headers: { 'x-request-id': 'other' } });
  succeeds(answer, 201);
  assert.equal(answer.requestId, requestId);
});

scenario('4.1.2 X-Request-Id is never a reason to refuse', {}, async (t) => {
  for (const correlation of ['x', 'x'.repeat(129), 'x'.repeat(2_000), 'a b c', '\u00e4\u00f6\u00fc', '{"a":1}', '<script>', "' OR 1=1 --", ' ']) {
    assert.equal(
      (await t.admin.http('GET', '/v1/messages?topics=a', { headers: { 'x-request-id': correlation } })).status,
      200,
      JSON.stringify(correlation).slice(0, 60),
    );
  }
});

scenario('4.1.2 X-Request-Id is never a reason to replay', {}, async (t) => {
  const collection = await t.collection();
  const headers = { 'x-request-id': t.name('x') };
  const ids = [
    await t.admin.http('POST', `/v1/${collection}`, { data: {}, headers }),
    await t.admin.http('POST', `/v1/${collection}`, { data: {}, headers }),
  ].map((answer) => {
    assert.equal(answer.replayed, false);
    return succeeds(answer, 201).id;
  });
  assert.notEqual(ids[0], ids[1]);
  for (const id of ids) assert.equal((await t.admin.http('DELETE', `/v1/${collection}/${id}`, { headers })).status, 204);
  refuses(await t.admin.http('DELETE', `/v1/${collection}/${ids[0]}`, { headers }), 'NOT_FOUND');
  refuses(
    await t.admin.http('POST', `/v1/${collection}`, { body: '{"data":{}}', headers }),
    'INVALID_ENVELOPE',
    '/requestId',
    'nor does it stand in for a requestId',
  );
});

scenario('4.1.2 a DELETE is named by Idempotency-Key', {}, async (t) => {
  const collection = await t.collection();
  for (const id of ['x', 'y']) succeeds(await t.admin.post(`/${collection}`, { id }), 201);
  const key = t.name('k');
  const [first, again] = [await t.admin.delete(`/${collection}/x`, { requestId: key }), await t.admin.delete(`/${collection}/x`, { requestId: key })];
  assert.deepEqual([first.status, first.replayed, again.status, again.replayed], [204, false, 204, true]);
  refuses(await t.admin.delete(`/${collection}/y`, { requestId: key }), 'REQUEST_ID_REUSED');
  succeeds(await t.admin.get(`/${collection}/y`));
  succeeds(await t.admin.post(`/${collection}`, { id: 'x' }), 201);
  assert.equal((await t.admin.delete(`/${collection}/x`, { requestId: key })).replayed, true, 'a replay does not do it again');
  succeeds(await t.admin.get(`/${collection}/x`));
});
