// What a server says of itself (issue 2, 12.1): at the most talkative level, through requests of every kind that succeed and fail, neither its log nor its metrics
// hold a key, a token, a document or a message.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { httpClient, rawExchange } from '../testing/http.ts';
import { startProcess } from '../testing/process.ts';

const MARK = 'MARKED-SECRET';
const ADMIN = `${MARK}-admin-key-0001`;
const CONFIG = `
export default {
  actions: {
    crash: { method: 'POST', path: '/crash', scope: 'any', handler: ({ data }) => JSON.parse(data.text) },
    broken: { method: 'POST', path: '/broken', scope: 'any', handler: ({ data }) => data.nothing.there },
  },
};
`;

test('12.1: no key, token or content is in the log or in the metrics', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-logs-'));
  await writeFile(join(directory, 'godwit.config.js'), CONFIG);
  const server = await startProcess({ data: join(directory, 'data'), cwd: directory, flags: ['--log-level', 'trace'], env: { GODWIT_ADMIN_KEY: ADMIN } });
  try {
    assert.notEqual(server.url, '', server.stderr());
    const admin = httpClient(server.url, ADMIN);
    const secrets = [MARK];
    const text = `${MARK}-content`;
    await admin.ask('POST', '/v1/collections', { data: { name: 'docs', schema: { type: 'object', properties: { n: { type: 'integer' } } } } });
    const made = (await admin.ask('POST', '/v1/keys', { data: { scopes: ['read:docs'], name: `${MARK}-name` } })).data;
    const token = (await admin.ask('POST', '/v1/tokens', { data: { ttl: 60, sub: `${MARK}-sub` } })).data.token as string;
    secrets.push(made.key, made.key.slice(4), token, token.split('.')[2] as string, token.split('.')[1] as string);
    const statuses = new Map<number, number>();
    for (const key of [ADMIN, made.key as string, token, `${MARK}-wrong-key`, `${token}x`, '']) {
      const client = httpClient(server.url, key);
      for (const [method, path, data, headers] of [
        ['POST', '/v1/docs', { id: 'a', text }],
        ['POST', '/v1/docs', { n: text }],
        ['PATCH', '/v1/docs/a', { text: `${text}-2` }],
        ['PATCH', '/v1/docs/a', { text }, { 'if-match': `"${MARK}"` }],
        ['GET', '/v1/docs/a'],
        ['GET', `/v1/docs/${MARK}`],
        ['GET', `/v1/docs?filter[text]=${text}&sort=${MARK}`],
        ['GET', `/v1/docs?after=${MARK}`],
        ['GET', `/v1/docs?${MARK}=1`],
        ['GET', `/v1/${MARK}/x/y`],
        ['GET', `/${MARK}`],
        ['POST', '/v1/topics/feed/messages', { text }],
        ['POST', `/v1/topics/${MARK}/messages`, { text }],
        ['GET', '/v1/messages?topics=**&after=earliest'],
        ['GET', `/v1/messages?topics=**&after=${MARK}`],
        [
          'POST',
          '/v1/batch',
          {
            mode: 'atomic',
            operations: [
              { method: 'POST', path: '/docs', data: { text } },
              { method: 'POST', path: `/docs/${MARK}`, data: {} },
            ],
          },
        ],
        [
          'POST',
          '/v1/batch',
          {
            operations: [
              { method: 'POST', path: '/docs', data: { n: text } },
              { method: 'DELETE', path: '/docs/none' },
            ],
          },
        ],
        ['POST', '/v1/crash', { text }],
        ['POST', '/v1/broken', { text }],
        ['POST', '/v1/subscriptions', { name: 'jobs', topics: ['feed'] }],
        ['POST', '/v1/subscriptions/jobs/pull', {}],
        ['GET', '/v1/keys'],
        ['DELETE', `/v1/keys/${MARK}`],
        ['GET', '/v1/docs/a', undefined, { authorization: `Basic ${MARK}` }],
        ['GET', '/v1/docs/a', undefined, { origin: `https://${MARK.toLowerCase()}.example` }],
      ] as const) {
        const answer = await client.ask(method, path, { data, headers: { 'x-request-id': 'r', ...headers } });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }
      for (const raw of [`{"requestId":"x","data":{"text":"${text}"`, `${text}`, `{"requestId":"x","data":"\\ud800${text}"}`])
        await client.ask('POST', '/v1/docs', { raw });
      client.close();
    }
    await rawExchange(server.url, `GET /${MARK} NONSENSE\r\nAuthorization: Bearer ${ADMIN}\r\n\r\n`);
    await rawExchange(server.url, `GET /v1 HTTP/1.1\r\nAuthorization: Bearer ${ADMIN}\r\nX-Flood: ${MARK.repeat(4000)}\r\n\r\n`);
    const metrics = (await admin.ask('GET', '/metrics')).text;
    admin.close();
    server.kill('SIGTERM');
    await server.exited;
    const said = server.stdout() + server.stderr();
    for (const secret of secrets) {
      for (const [where, told] of [
        ['log', said],
        ['metrics', metrics],
      ] as const) {
        const at = told.toLowerCase().indexOf(secret.toLowerCase());
        assert.equal(at, -1, `the ${where} tells a secret: ${told.slice(Math.max(0, at - 200), at + 100)}`);
      }
    }
    assert.match(said, /a request failed unexpectedly/, 'and yet it says what went wrong');
    for (const line of server.stderr().trim().split('\n')) JSON.parse(line);
    t.diagnostic(`${[...statuses].map(([status, count]) => `${count} answers ${status}`).join(', ')}; ${said.length} characters of log`);
  } finally {
    server.kill('SIGKILL');
    await server.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
