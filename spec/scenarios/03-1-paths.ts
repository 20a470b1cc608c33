// 3.1: where operations are, what bodies are, and the document that tells a client about the server.
import assert from 'node:assert/strict';
import { envelope } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';

scenario('3.1.1 an unknown major version is 404 UNSUPPORTED_VERSION with the supported ones', {}, async (t) => {
  for (const [method, path] of [
    ['GET', '/v2'],
    ['GET', '/v2/things'],
    ['POST', '/v2/things'],
    ['DELETE', '/v99/a/b/c'],
    ['GET', '/v2/things?x=1'],
  ] as const) {
    const answer = await t.admin.http(method, path, method === 'POST' ? { data: {} } : {});
    const details = refuses(answer, 'UNSUPPORTED_VERSION', undefined, `${method} ${path}`);
    assert.equal(answer.status, 404, 'by URL it is 404');
    assert.ok(Array.isArray(details.supported) && details.supported.length > 0, 'details.supported lists the versions');
  }
  refuses(await t.anonymous.http('GET', '/v2/things'), 'UNSUPPORTED_VERSION', undefined, 'without credentials');
});

scenario('3.1.1 any other unknown path is 404 NOT_FOUND', {}, async (t) => {
  const collection = await t.collection();
  for (const path of [
    '/nothing-here',
    '/vv1',
    '/v1x',
    '/api/v1/things',
    '/healthz/deeper',
    `/v1/${collection}/a/b`,
    `/v1/${collection}/a/b/c/d`,
    '/v1/topics',
    '/v1/topics/a',
    '/v1/topics/a/messages/b',
  ]) {
    const answer = await t.admin.http('GET', path);
    if (answer.status === 405) assert.ok(answer.headers.allow, `${path} exists with another method`);
    else refuses(answer, 'NOT_FOUND', undefined, path);
  }
  refuses(await t.admin.http('POST', '/nothing-here', { data: {} }), 'NOT_FOUND', undefined, 'POST');
});

scenario('3.1.1 a path that is not well encoded is refused by the catalogue', {}, async (t) => {
  const collection = await t.collection();
  for (const path of [
    `/v1/${collection}/%`,
    `/v1/${collection}/%zz`,
    `/v1/%E0%A4%A`,
    `/v1/${collection}/%FF`,
    `/v1/${collection}/%00`,
    `/v1/${collection}/..%2f..%2fetc`,
  ]) {
    const answer = await t.admin.http('GET', path);
    assert.ok([400, 404, 422].includes(answer.status), `${path}: ${answer.status}`);
  }
});

scenario('3.1.2 a body with another Content-Type is 415', {}, async (t) => {
  const collection = await t.collection();
  const body = JSON.stringify(envelope({ a: 1 }));
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/jsonx',
    'text/json',
    'nonsense',
  ]) {
    refuses(await t.admin.http('POST', `/v1/${collection}`, { body, headers: { 'content-type': type } }), 'UNSUPPORTED_MEDIA_TYPE', undefined, type);
  }
  assert.deepEqual((await t.admin.get(`/${collection}`)).data.items, [], 'nothing was created');
  for (const type of ['application/json', 'application/json; charset=utf-8', 'application/json;charset=UTF-8', 'APPLICATION/JSON']) {
    succeeds(await t.admin.http('POST', `/v1/${collection}`, { body: JSON.stringify(envelope({ a: 1 })), headers: { 'content-type': type } }), 201, type);
  }
});

scenario('3.1.2 an Accept that excludes JSON is 406, and does nothing', {}, async (t) => {
  const collection = await t.collection();
  for (const accept of [
    'text/html',
    'text/*',
    'application/xml, text/plain;q=0.5',
    'application/json;q=0',
    'application/json;q=0, */*',
    'application/json;charset=utf-8;q=0',
  ]) {
    refuses(await t.admin.http('GET', `/v1/${collection}`, { headers: { accept } }), 'NOT_ACCEPTABLE', undefined, accept);
    refuses(await t.admin.http('POST', `/v1/${collection}`, { data: {}, headers: { accept } }), 'NOT_ACCEPTABLE', undefined, `POST, ${accept}`);
  }
  for (const accept of [
    'application/json',
    '*/*',
    'application/*',
    'text/html, */*;q=0.1',
    'text/html;q=0.9,application/json;q=0.1',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;indent=2',
    'text/html, application/json;charset=UTF-8',
    '',
    'text/*, application/*;q=0.2',
  ]) {
    succeeds(await t.admin.http('GET', `/v1/${collection}`, { headers: { accept } }), 200, accept);
  }
  assert.deepEqual((await t.admin.get(`/${collection}`)).data.items, [], 'nothing was created by what was refused');
});

scenario('3.1.2 bodies are UTF-8: what is not is MALFORMED_JSON', {}, async (t) => {
  const collection = await t.collection();
  for (const hex of ['ff', 'c3', 'c328', 'eda080', 'f8a1a1a1a1', 'c0af', 'fe']) {
    const body = Buffer.concat([Buffer.from('{"requestId":"x","data":{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}}')]);
    refuses(await t.admin.http('POST', `/v1/${collection}`, { body }), 'MALFORMED_JSON', undefined, hex);
  }
  const text = 'zażółć 😀 ﷽  \u0000 \u001f "\\/';
  const { id } = succeeds(await t.admin.post(`/${collection}`, { text }), 201);
  assert.equal(succeeds(await t.admin.get(`/${collection}/${id}`)).text, text, 'and what is comes back as it was');
});

const link = (t: { url: string }, value: Json): string => new URL(typeof value === 'string' ? value : value.href, t.url).href;

scenario('3.1.3 GET /v1 needs no credentials and tells server, versions, limits and links', {}, async (t) => {
  const data = succeeds(await t.anonymous.http('GET', '/v1'));
  const text = JSON.stringify(data);
  const name = data.server?.name ?? data.name ?? data.server;
  const version = data.server?.version ?? data.serverVersion ?? data.version;
  assert.ok(typeof name === 'string' && name.length > 0, `the server's name: ${text}`);
  assert.ok(typeof version === 'string' && version.length > 0, `the server's version: ${text}`);
  assert.match(data.protocolVersion ?? data.protocol?.version ?? '', /^1\.\d+$/, `the protocol version: ${text}`);
  const supported = data.supportedVersions ?? data.supported ?? data.protocol?.supported;
  assert.ok(Array.isArray(supported) && supported.length > 0, `supported versions: ${text}`);
  assert.ok(typeof data.limits === 'object' && Object.keys(data.limits).length > 0, `limits in force: ${text}`);
  for (const rel of ['openapi', 'asyncapi', 'changelog', 'ws']) assert.ok(data.links?.[rel] !== undefined, `links.${rel}: ${text}`);
});

scenario('3.1.3 the links of the discovery document lead somewhere', {}, async (t) => {
  const { links } = succeeds(await t.anonymous.http('GET', '/v1'));
  const openapi = new URL(link(t, links.openapi));
  const described = await t.admin.http('GET', openapi.pathname);
  assert.equal(described.status, 200);
  const document = JSON.parse(described.text) as Json;
  assert.match(document.openapi, /^3\.1\./, 'OpenAPI 3.1');
  assert.ok(Object.keys(document.paths).length >= 10, 'its operations are in it');
  succeeds(await t.admin.http('GET', new URL(link(t, links.changelog)).pathname), 200, 'changelog');
  assert.match(new URL(link(t, links.ws)).pathname, /^\/v1\/ws$/, 'ws');
});

scenario('3.1.3 HEAD of the discovery document has its headers and no body', {}, async (t) => {
  const answer = await t.anonymous.http('HEAD', '/v1');
  assert.equal(answer.status, 200);
});
