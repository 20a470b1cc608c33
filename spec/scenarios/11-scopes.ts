// 11.3 and 11.4: who may do what, and from which origin.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import { endOfLog, logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

scenario('11.3 read:C lets read C and nothing else', { over: 'any' }, async (t) => {
  const [mine, other] = [await t.collection(), await t.collection()];
  for (const where of [mine, other]) succeeds(await t.admin.post(`/${where}`, { id: 'x' }), 201);
  const who = await t.caller([`read:${mine}`]);
  succeeds(await who.get(`/${mine}`));
  succeeds(await who.get(`/${mine}/x`));
  refuses(await who.get(`/${other}`), 'FORBIDDEN', undefined, 'another collection');
  refuses(await who.get(`/${other}/x`), 'FORBIDDEN');
  refuses(await who.get(`/${other}/missing`), 'FORBIDDEN', undefined, 'whether it exists is not told');
  refuses(await who.post(`/${mine}`, {}), 'FORBIDDEN', undefined, 'POST');
  refuses(await who.put(`/${mine}/x`, {}), 'FORBIDDEN', undefined, 'PUT');
  refuses(await who.patch(`/${mine}/x`, {}), 'FORBIDDEN', undefined, 'PATCH');
  refuses(await who.delete(`/${mine}/x`), 'FORBIDDEN', undefined, 'DELETE');
  refuses(await who.post(`/topics/${t.name('t')}/messages`, 1), 'FORBIDDEN', undefined, 'publish');
  refuses(await who.get(`/messages?topics=${mine}.**`), 'FORBIDDEN', undefined, 'subscribe');
});

scenario('11.3 write:C lets write C and not read it', { over: 'any' }, async (t) => {
  const [mine, other] = [await t.collection(), await t.collection()];
  const who = await t.caller([`write:${mine}`]);
  succeeds(await who.post(`/${mine}`, { id: 'x' }), 201);
  succeeds(await who.put(`/${mine}/x`, { a: 1 }));
  succeeds(await who.patch(`/${mine}/x`, { a: 2 }));
  refuses(await who.get(`/${mine}`), 'FORBIDDEN');
  refuses(await who.get(`/${mine}/x`), 'FORBIDDEN');
  refuses(await who.post(`/${other}`, {}), 'FORBIDDEN');
  succeeds(await who.delete(`/${mine}/x`), 204);
});

scenario('11.3 * stands for every collection', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const [reader, writer] = [await t.caller(['read:*']), await t.caller(['write:*'])];
  succeeds(await writer.post(`/${collection}`, { id: 'x' }), 201);
  succeeds(await reader.get(`/${collection}/x`));
  refuses(await reader.post(`/${collection}`, {}), 'FORBIDDEN');
  refuses(await writer.get(`/${collection}`), 'FORBIDDEN');
});

scenario('11.3 publish:P must cover the topic', { over: 'any' }, async (t) => {
  const root = t.name('t');
  const scopes: Record<string, readonly [readonly string[], readonly string[]]> = {
    [`publish:${root}`]: [[root], [`${root}.a`, `${root}a`, 'a']],
    [`publish:${root}.*`]: [
      [`${root}.a`, `${root}.b`],
      [root, `${root}.a.b`, `x.${root}`],
    ],
    [`publish:${root}.**`]: [[`${root}.a`, `${root}.a.b.c`], [root]],
    [`publish:*.${root}`]: [[`a.${root}`], [root, `a.b.${root}`, `a.${root}.b`]],
    'publish:**': [[root, `${root}.a.b`], []],
  };
  for (const [scope, [may, mayNot]] of Object.entries(scopes)) {
    const who = await t.caller([scope]);
    for (const topic of may) succeeds(await who.post(`/topics/${topic}/messages`, 1), 201, `${scope} to ${topic}`);
    for (const topic of mayNot) refuses(await who.post(`/topics/${topic}/messages`, 1), 'FORBIDDEN', undefined, `${scope} to ${topic}`);
    refuses(await who.get(`/messages?topics=${root}`), 'FORBIDDEN', undefined, 'publishing is not subscribing');
  }
});

scenario('11.3 subscribe:P must cover what is asked for, wildcards included', { over: 'any' }, async (t) => {
  const root = t.name('t');
  const scopes: Record<string, readonly [readonly string[], readonly string[]]> = {
    [`subscribe:${root}`]: [[root], [`${root}.*`, `${root}.**`, '*', '**', `${root}.a`]],
    [`subscribe:${root}.*`]: [
      [`${root}.a`, `${root}.*`],
      [`${root}.**`, root, `${root}.a.b`, `${root}.*.*`, '*.*', '**', `*.a`],
    ],
    [`subscribe:${root}.**`]: [
      [`${root}.a`, `${root}.*`, `${root}.**`, `${root}.*.b.**`],
      [root, '**', '*.a'],
    ],
    [`subscribe:*.${root}`]: [
      [`a.${root}`, `*.${root}`],
      ['*.*', `**`, `a.**`, `a.b.${root}`],
    ],
    'subscribe:*.*': [
      ['a.b', '*.b', '*.*'],
      ['a', 'a.b.c', 'a.**', '**'],
    ],
    'subscribe:*.**': [
      ['a.b', 'a.**', '*.**', 'a.b.c.**'],
      ['a', '**', '*'],
    ],
    'subscribe:**': [['a', '*', '**', 'a.*.b.**'], []],
  };
  for (const [scope, [may, mayNot]] of Object.entries(scopes)) {
    const who = await t.caller([scope]);
    for (const pattern of may) succeeds(await who.get(`/messages?topics=${pattern}&limit=1`), 200, `${scope} for ${pattern}`);
    for (const pattern of mayNot) refuses(await who.get(`/messages?topics=${pattern}`), 'FORBIDDEN', undefined, `${scope} for ${pattern}`);
    const [first] = may;
    for (const pattern of mayNot)
      refuses(await who.get(`/messages?topics=${first},${pattern}`), 'FORBIDDEN', undefined, `${scope} for ${first} and ${pattern}`);
    refuses(await who.post(`/topics/${root}/messages`, 1), 'FORBIDDEN', undefined, 'subscribing is not publishing');
  }
});

scenario('11.3 several scopes add up, each pattern covered by one', { over: 'any' }, async (t) => {
  const [one, two] = [t.name('t'), t.name('t')];
  const who = await t.caller([`subscribe:${one}.**`, `subscribe:${two}`]);
  succeeds(await who.get(`/messages?topics=${one}.a,${two},${one}.**`));
  refuses(await who.get(`/messages?topics=${one},${two}`), 'FORBIDDEN');
});

scenario('11.3 messages of a collection reach only those who may read it', { over: 'any' }, async (t) => {
  const [mine, other] = [await t.collection(), await t.collection()];
  const topic = t.name('t');
  const start = await endOfLog(t.admin);
  for (const where of [mine, other]) succeeds(await t.admin.post(`/${where}`, { id: 'x' }), 201);
  succeeds(await t.admin.post(`/topics/${topic}.x.created/messages`, 1), 201);
  const subscriber = await t.caller(['subscribe:**']);
  const reader = await t.caller(['subscribe:**', `read:${mine}`]);
  const all = await t.caller(['subscribe:**', 'read:*']);
  const seen = async (who: typeof subscriber, patterns: string): Promise<string[]> => {
    const ours = [mine, other, topic];
    return (await logAfter(who, patterns, start)).map((message) => message.topic.split('.')[0]).filter((first) => ours.includes(first));
  };
  for (const pattern of [`${mine}.**`, `${mine}.x.created`, `${mine}.*.*`, `${mine}.*.created`]) {
    refuses(await subscriber.get(`/messages?topics=${pattern}`), 'FORBIDDEN', undefined, `${pattern} names the collection`);
    refuses(await subscriber.get(`/messages?topics=${topic}.**,${pattern}`), 'FORBIDDEN', undefined, `${pattern} beside another`);
    assert.deepEqual(await seen(reader, pattern), [mine], `${pattern} for who may read it`);
  }
  refuses(await reader.get(`/messages?topics=${other}.**`), 'FORBIDDEN', undefined, 'which is of this collection alone');
  for (const pattern of ['**', '*.x.created', '*.*.*', '*.**']) {
    assert.deepEqual(await seen(subscriber, pattern), [topic], `${pattern} passes over what may not be read`);
    assert.deepEqual(await seen(reader, pattern), [mine, topic], `${pattern} for who may read one`);
    assert.deepEqual(await seen(all, pattern), [mine, other, topic], `${pattern} for who may read all`);
  }
});

scenario('11.3 passing messages over holds no page back: the cursor goes on', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const topic = t.name('t');
  const who = await t.caller(['subscribe:**']);
  const start = await endOfLog(who);
  for (let n = 0; n < 5; n++) succeeds(await t.admin.post(`/${collection}`, { n }), 201);
  succeeds(await t.admin.post(`/topics/${topic}/messages`, 'seen'), 201);
  for (const limit of [1, 2, 100])
    assert.ok(
      (await logAfter(who, '**', start, limit)).some(({ data }) => data === 'seen'),
      `${limit} a page`,
    );
});

scenario('11.3 pending counts no messages that will not come, whoever is told', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const { key, client } = await t.key(['subscribe:**']);
  const who = t.as(key);
  const wide = t.as((await t.key(['subscribe:**', `read:${collection}`], { client })).key);
  const [name, id] = [t.name('s'), t.name('d')];
  succeeds(await who.post('/subscriptions', { name, topics: [`*.${id}.*`] }), 201);
  const { cursor } = succeeds(await t.admin.post(`/topics/${t.name('t')}.${id}.x/messages`, 1), 201);
  succeeds(await t.admin.post(`/${collection}`, { id }), 201);
  succeeds(await t.admin.patch(`/${collection}/${id}`, { n: 1 }));
  for (const [one, query, count] of [
    [who, '', 1],
    [wide, '', 3],
    [t.admin, `?client=${client}`, 3],
  ] as const) {
    assert.equal(succeeds(await one.get(`/subscriptions/${name}${query}`)).pending, count);
    assert.equal(succeeds(await one.get(`/subscriptions${query}`)).items[0].pending, count);
    if (query === '') assert.equal(succeeds(await one.post(`/subscriptions/${name}/pull`, {})).items.length, count, 'what pull gives');
  }
  assert.equal(succeeds(await who.post(`/subscriptions/${name}/ack`, { cursor })).pending, 0);
  assert.equal(succeeds(await wide.post(`/subscriptions/${name}/ack`, { cursor })).pending, 2);
  const channel = await t.channel(key);
  assert.equal(succeeds(await channel.request('POST', `/subscriptions/${name}/attach`, { data: {} })).pending, 0);
  for (const [one, query] of [
    [wide, ''],
    [t.admin, `?client=${client}`],
  ] as const)
    assert.equal(succeeds(await one.get(`/subscriptions/${name}${query}`)).pending, 0, 'while it is attached, what its attachment gets');
});

scenario('11.3 publishing to a topic of the server’s, or to what is no topic, is 422, whatever may be published to', { over: 'any' }, async (t) => {
  const callers = [await t.caller(['publish:**']), await t.caller([`publish:${t.name('t')}`]), t.admin];
  for (const topic of ['$sys.welcome', '$sys', '$', '$anything.else', '%24sys.x', 'a..b', 'a.*', '.a', 'a%20b']) {
    for (const by of callers) refuses(await by.post(`/topics/${topic}/messages`, 1), 'VALIDATION_FAILED', '/path/topic', topic);
  }
});

scenario('11.3 admin is all', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  const who = await t.caller(['admin']);
  succeeds(await who.post(`/${collection}`, { id: 'x' }), 201);
  succeeds(await who.get(`/${collection}/x`));
  succeeds(await who.post(`/topics/${t.name('t')}/messages`, 1), 201);
  succeeds(await who.get(`/messages?topics=${collection}.**,**`));
  succeeds(await who.get('/keys'));
});

scenario('11.4 cross-origin requests are refused unless the origin is configured', { needs: 'own server' }, async (t) => {
  const server = await t.server();
  succeeds(await server.admin.post('/collections', { name: 'things' }), 201);
  for (const origin of ['https://a.example', 'http://localhost:1', 'null']) {
    for (const [method, call] of [
      ['GET', {}],
      ['POST', { data: {} }],
    ] as const) {
      const answer = await server.admin.http(method, '/v1/things', { ...call, headers: { origin } });
      refuses(answer, 'FORBIDDEN', undefined, `${method} from ${origin}`);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
    const preflight = await server.admin.http('OPTIONS', '/v1/things', { headers: { origin, 'access-control-request-method': 'POST', authorization: '' } });
    assert.ok(preflight.status === 403 || preflight.headers['access-control-allow-origin'] === undefined, `preflight from ${origin}: ${preflight.status}`);
  }
  assert.deepEqual(succeeds(await server.admin.get('/things')).items, [], 'nothing was done');
  succeeds(await server.admin.http('GET', '/v1/things', { headers: { origin: new URL(server.url).origin } }), 200, 'its own origin is not another');
});

scenario('11.4 configured origins may, and those alone', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--origins', 'https://a.example,https://b.example:8443'] });
  for (const origin of ['https://a.example', 'https://b.example:8443']) {
    const answer = await server.admin.http('GET', '/v1', { headers: { origin } });
    succeeds(answer, 200, origin);
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.match(String(answer.headers.vary), /\borigin\b/i);
    const refused = await server.admin.http('GET', '/v1/missing', { headers: { origin, authorization: 'Bearer no-such-key-0123456789' } });
    assert.equal(refused.headers['access-control-allow-origin'], origin, 'a browser can read refusals too');
    const preflight = await server.admin.http('OPTIONS', '/v1/things/x', {
      headers: { origin, authorization: '', 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization,content-type,if-match' },
    });
    assert.ok(preflight.status === 204 || preflight.status === 200, `preflight: ${preflight.status}`);
    assert.equal(preflight.headers['access-control-allow-origin'], origin);
    const list = (name: string): string[] =>
      String(preflight.headers[name] ?? '')
        .toLowerCase()
        .split(/\s*,\s*/);
    assert.ok(list('access-control-allow-methods').includes('patch'), `${list('access-control-allow-methods')}`);
    for (const header of [
      'authorization',
      'content-type',
      'if-match',
      'idempotency-key',
      'x-request-id',
      'x-protocol-version',
      'if-none-match',
      'last-event-id',
    ]) {
      assert.ok(list('access-control-allow-headers').includes(header), `${header} may be sent: ${list('access-control-allow-headers')}`);
    }
  }
  for (const origin of [
    'https://a.example.evil',
    'http://a.example',
    'https://a.example:444',
    'https://evil-a.example',
    'https://b.example',
    'https://A.EXAMPLE.',
    'null',
    'https://a.example/',
  ]) {
    const answer = await server.admin.http('GET', '/v1/collections', { headers: { origin } });
    refuses(answer, 'FORBIDDEN', undefined, origin);
    assert.equal(answer.headers['access-control-allow-origin'], undefined, origin);
  }
});

scenario('11.4 * lets every origin', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--origins', '*'] });
  for (const origin of ['https://a.example', 'http://localhost:3000', 'null']) {
    const answer = await server.admin.http('GET', '/v1/collections', { headers: { origin } });
    succeeds(answer, 200, origin);
    assert.ok(['*', origin].includes(String(answer.headers['access-control-allow-origin'])), origin);
  }
  const exposed = String(
    (await server.admin.http('GET', '/v1', { headers: { origin: 'https://a.example' } })).headers['access-control-expose-headers'],
  ).toLowerCase();
  for (const header of ['etag', 'location', 'x-request-id', 'x-protocol-version', 'retry-after', 'x-idempotent-replay'])
    assert.ok(exposed.includes(header), `${header} can be read: ${exposed}`);
});
