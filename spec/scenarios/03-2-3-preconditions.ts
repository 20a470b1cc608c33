// 3.2.3: what each method answers, ETags and preconditions, what is missing, what a path lacks.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { scenario } from '../scenario.ts';

const STRONG = /^"[\x21\x23-\x7e\x80-\xff]+"$/;

scenario('3.2.3 create answers 201 with Location and ETag', {}, async (t) => {
  const collection = await t.collection();
  const created = await t.admin.http('POST', `/v1/${collection}`, { data: { a: 1 } });
  const document = succeeds(created, 201);
  const location = new URL(created.headers.location ?? '', t.url);
  assert.equal(location.pathname, `/v1/${collection}/${document.id}`);
  assert.match(created.headers.etag ?? '', STRONG, 'ETag');
  const read = await t.admin.http('GET', location.pathname);
  assert.deepEqual(succeeds(read), document);
  assert.equal(read.headers.etag, created.headers.etag, 'one state, one ETag');
});

scenario('3.2.3 replace and patch answer 200 with the new document and its ETag, delete 204', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const path = `/${collection}/${id}`;
  for (const answer of [await t.admin.put(path, { a: 2 }), await t.admin.patch(path, { a: 3 })]) {
    const document = succeeds(answer);
    const read = await t.admin.get(path);
    if (document.a === 3) assert.deepEqual(document, read.data);
    assert.match(answer.headers.etag ?? '', STRONG);
  }
  const gone = await t.admin.delete(path);
  assert.equal(gone.status, 204);
});

scenario('3.2.3 an ETag is never the same for two states of one id, deletion and re-creation included', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const path = `/${collection}/x`;
  const tags: string[] = [];
  for (let life = 0; life < 3; life++) {
    tags.push((await t.admin.post(`/${collection}`, { id: 'x', a: 1 })).headers.etag);
    tags.push((await t.admin.put(path, { a: 2 })).headers.etag);
    tags.push((await t.admin.put(path, { a: 1 })).headers.etag);
    tags.push((await t.admin.patch(path, { a: 2 })).headers.etag);
    const last = tags.at(-1) ?? '';
    refuses(
      await t.admin.delete(path, { headers: { 'if-match': tags[0] === last ? '"x"' : (tags[0] ?? '') } }),
      'PRECONDITION_FAILED',
      undefined,
      `life ${life}`,
    );
    succeeds(await t.admin.delete(path, { headers: { 'if-match': last } }), 204);
  }
  for (const tag of tags) assert.match(tag ?? '', STRONG);
  assert.equal(new Set(tags).size, tags.length, `${tags}`);
});

scenario('3.2.3 If-None-Match that matches is 304: exact, weak, in a list, *', {}, async (t) => {
  const collection = await t.collection();
  const created = await t.admin.http('POST', `/v1/${collection}`, { data: { a: 1 } });
  const path = `/v1/${collection}/${succeeds(created, 201).id}`;
  const tag = created.headers.etag as string;
  for (const value of [tag, `W/${tag}`, `"other", ${tag}`, `"other",W/${tag} , "more"`, '*', `${tag}, ${tag}`]) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await t.admin.http(method, path, { headers: { 'if-none-match': value } });
      assert.equal(answer.status, 304, `${method} If-None-Match: ${value}`);
      assert.equal(answer.headers.etag, tag, 'with its ETag');
    }
  }
  for (const value of ['"other"', 'W/"other"', '"a", "b"', tag.slice(1, -1), `"${tag.slice(1, -1)}x"`]) {
    const answer = await t.admin.http('GET', path, { headers: { 'if-none-match': value } });
    assert.ok(answer.status === 200 || answer.status === 400 || answer.status === 422, `If-None-Match: ${value}: ${answer.status}`);
    if (value.includes('other')) assert.equal(answer.status, 200);
  }
  succeeds(await t.admin.patch(path.slice(3), { a: 2 }));
  succeeds(await t.admin.http('GET', path, { headers: { 'if-none-match': tag } }), 200, 'another state does not match');
  refuses(
    await t.admin.http('GET', `/v1/${collection}/missing`, { headers: { 'if-none-match': '*' } }),
    'NOT_FOUND',
    undefined,
    'what does not exist matches nothing',
  );
});

const WRITES: readonly (readonly [string, Json])[] = [
  ['PUT', { data: { a: 9 } }],
  ['PATCH', { data: { a: 9 } }],
  ['DELETE', {}],
];

scenario('3.2.3 If-Match that does not match is 412 on PUT, PATCH and DELETE, and nothing is done', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const first = await t.admin.post(`/${collection}`, { a: 1 });
  const path = `/${collection}/${succeeds(first, 201).id}`;
  const now = await t.admin.patch(path, { a: 2 });
  for (const [method, call] of WRITES) {
    for (const value of [first.headers.etag, `W/${first.headers.etag}`, '"other"', '"a", "b"', `${first.headers.etag}, "c"`]) {
      const answer = await t.admin.send(method, path, { ...call, headers: { 'if-match': value } });
      const details = refuses(answer, 'PRECONDITION_FAILED', undefined, `${method} If-Match: ${value}`);
      if (details.field !== undefined) assert.equal(details.field, '/headers/if-match');
    }
  }
  refuses(
    await t.admin.patch(path, { a: 2 }, { headers: { 'if-match': '"other"' } }),
    'PRECONDITION_FAILED',
    undefined,
    'also where the patch changes nothing',
  );
  assert.deepEqual(succeeds(await t.admin.get(path)), now.data);
});

scenario('3.2.3 If-Match that matches lets PUT, PATCH and DELETE through: exact, weak, in a list, *', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const forms = [(tag: string) => tag, (tag: string) => `W/${tag}`, (tag: string) => `"other", ${tag}`, (tag: string) => `"a",W/${tag},"b"`, () => '*'];
  for (const form of forms) {
    const created = await t.admin.post(`/${collection}`, { a: 1 });
    const path = `/${collection}/${succeeds(created, 201).id}`;
    const put = await t.admin.put(path, { a: 2 }, { headers: { 'if-match': form(created.headers.etag) } });
    succeeds(put, 200, `PUT ${form('"T"')}`);
    const patched = await t.admin.patch(path, { a: 3 }, { headers: { 'if-match': form(put.headers.etag) } });
    succeeds(patched, 200, `PATCH ${form('"T"')}`);
    succeeds(await t.admin.delete(path, { headers: { 'if-match': form(patched.headers.etag) } }), 204, `DELETE ${form('"T"')}`);
  }
});

scenario('3.2.3 If-None-Match that matches is 412 on PUT, PATCH and DELETE, and nothing is done', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const first = succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201);
  const path = `/${collection}/${first.id}`;
  const now = await t.admin.patch(path, { a: 2 });
  const { etag } = now.headers;
  for (const [method, call] of WRITES) {
    for (const headers of [
      { 'if-none-match': '*' },
      { 'if-none-match': etag },
      { 'if-none-match': `"other", W/${etag}` },
      { 'if-match': etag, 'if-none-match': '*' },
    ])
      refuses(await t.admin.send(method, path, { ...call, headers }), 'PRECONDITION_FAILED', '/headers/if-none-match', `${method} ${JSON.stringify(headers)}`);
  }
  assert.deepEqual(succeeds(await t.admin.get(path)), now.data);
  const put = await t.admin.put(path, { a: 3 }, { headers: { 'if-none-match': '"other"' } });
  succeeds(put, 200, 'one that does not match lets through');
  succeeds(await t.admin.patch(path, { a: 4 }, { headers: { 'if-none-match': etag } }), 200, 'another state does not match');
  refuses(await t.admin.put(`/${collection}/missing`, { a: 1 }, { headers: { 'if-none-match': '*' } }), 'NOT_FOUND', undefined, 'PUT makes no document');
  succeeds(await t.admin.delete(path, { headers: { 'if-none-match': put.headers.etag } }), 204);
});

scenario('3.2.3 an If-Match that is no list of ETags lets nothing through', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const path = `/${collection}/${succeeds(await t.admin.post(`/${collection}`, { a: 1 }), 201).id}`;
  for (const value of ['nonsense', '"unclosed', 'W/', ',', "' OR 1=1 --"]) {
    const answer = await t.admin.put(path, { a: 2 }, { headers: { 'if-match': value } });
    assert.ok([400, 412, 422].includes(answer.status), `If-Match: ${value}: ${answer.status}`);
  }
  assert.equal(succeeds(await t.admin.get(path)).a, 1);
});

scenario('3.2.3 GET, PUT, PATCH and DELETE of what does not exist are 404', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  for (const path of [`/${collection}/missing`, `/${t.name('nowhere')}/missing`]) {
    refuses(await t.admin.get(path), 'NOT_FOUND', undefined, `GET ${path}`);
    refuses(await t.admin.put(path, { a: 1 }), 'NOT_FOUND', undefined, `PUT ${path}`);
    refuses(await t.admin.patch(path, { a: 1 }), 'NOT_FOUND', undefined, `PATCH ${path}`);
    refuses(await t.admin.delete(path), 'NOT_FOUND', undefined, `DELETE ${path}`);
    refuses(await t.admin.put(path, { a: 1 }, { headers: { 'if-match': '*' } }), ['NOT_FOUND', 'PRECONDITION_FAILED'], undefined, `PUT ${path} with If-Match`);
  }
  const nowhere = t.name('nowhere');
  refuses(await t.admin.get(`/${nowhere}`), 'NOT_FOUND', undefined, 'a list');
  refuses(await t.admin.post(`/${nowhere}`, { a: 1 }), 'NOT_FOUND', undefined, 'a creation');
  assert.equal(succeeds(await t.admin.get(`/${collection}`)).items.length, 0, 'nothing came to be');
});

scenario('3.2.3 what was deleted is gone, and deleting it again is 404', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const path = `/${collection}/${succeeds(await t.admin.post(`/${collection}`, {}), 201).id}`;
  succeeds(await t.admin.delete(path), 204);
  refuses(await t.admin.get(path), 'NOT_FOUND');
  refuses(await t.admin.delete(path), 'NOT_FOUND');
});

scenario('3.2.3 a method that a path lacks is 405 with Allow', {}, async (t) => {
  const collection = await t.collection();
  const { id } = succeeds(await t.admin.post(`/${collection}`, {}), 201);
  const lacking: readonly [string, string, readonly string[]][] = [
    ['PUT', `/v1/${collection}`, ['GET', 'POST']],
    ['PATCH', `/v1/${collection}`, ['GET', 'POST']],
    ['DELETE', `/v1/${collection}`, ['GET', 'POST']],
    ['POST', `/v1/${collection}/${id}`, ['GET', 'PUT', 'PATCH', 'DELETE']],
    ['POST', '/v1', ['GET']],
    ['DELETE', '/v1', ['GET']],
    ['GET', '/v1/batch', ['POST']],
    ['POST', '/v1/messages', ['GET']],
    ['GET', '/v1/tokens', ['POST']],
    ['PUT', '/v1/keys', ['GET', 'POST']],
    ['PATCH', `/v1/collections/${collection}`, ['GET', 'PUT', 'DELETE']],
    ['DELETE', '/v1/collections', ['GET', 'POST']],
    ['PROPFIND', `/v1/${collection}`, ['GET', 'POST']],
    ['TRACE', `/v1/${collection}`, ['GET', 'POST']],
  ];
  for (const [method, path, has] of lacking) {
    const answer = await t.admin.http(method, path, ['POST', 'PUT', 'PATCH'].includes(method) ? { data: {} } : {});
    refuses(answer, 'METHOD_NOT_ALLOWED', undefined, `${method} ${path}`);
    const allowed = String(answer.headers.allow ?? '').split(/\s*,\s*/);
    for (const one of has) assert.ok(allowed.includes(one), `${method} ${path}: Allow names ${one}: ${allowed}`);
    assert.ok(!allowed.includes(method), `${method} ${path}: Allow does not name what was refused: ${allowed}`);
  }
});
