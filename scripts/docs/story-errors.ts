// One way to each error of the catalogue that a client can bring about by what it sends.
import type { Recorder } from './recorder.ts';
import type { Server } from './story.ts';

export const errorsStory = async (record: Recorder, server: Server): Promise<void> => {
  const { as, client } = server;
  const key = async (data: object): Promise<string> => (await client.ask('POST', '/v1/keys', { data })).data.key;
  const reader = await key({ scopes: ['read:orders'] });
  const slow = await key({ scopes: ['read:orders'], limits: { operationsPerMinute: 1 } });
  await as(slow).ask('GET', '/v1/orders/43');
  await client.ask('POST', '/v1/topics/alerts.kitchen/messages', { requestId: 'alert-9', data: 1 });
  const { etag } = (await client.ask('GET', '/v1/orders/43')).headers;
  await client.ask('PATCH', '/v1/orders/43', { requestId: 'order-43-note', data: { note: 'card' } });

  const of = (error: string) => ({ error });
  const nothing = { method: 'GET', path: '/orders/43' };
  await record.http(server, of('MALFORMED_JSON'), 'POST', '/v1/orders', { raw: '{"requestId": "a", "data": {"total": 1e400}}' });
  await record.http(server, of('INVALID_ENVELOPE'), 'POST', '/v1/orders', { raw: '{"data": {"total": 1}}' });
  await record.http(server, of('INVALID_CURSOR'), 'GET', '/v1/messages?topics=alerts.**&after=somewhere');
  await record.http(server, of('UNSUPPORTED_VERSION'), 'GET', '/v2/orders');
  await record.http(server, of('UNAUTHENTICATED'), 'GET', '/v1/orders/43', { key: '' });
  await record.http(server, of('FORBIDDEN'), 'POST', '/v1/orders', { requestId: 'b', data: { total: 1, status: 'open' }, key: reader });
  await record.http(server, of('NOT_FOUND'), 'GET', '/v1/orders/none');
  await record.http(server, of('METHOD_NOT_ALLOWED'), 'PATCH', '/v1/orders', { requestId: 'c', data: {} });
  await record.http(server, of('NOT_ACCEPTABLE'), 'GET', '/v1/orders', { headers: { accept: 'text/html' } });
  await record.http(server, of('CONFLICT'), 'POST', '/v1/orders', { requestId: 'd', data: { id: '43', total: 1, status: 'open' } });
  const stale = { requestId: 'e', data: { status: 'paid' }, headers: { 'if-match': etag as string } };
  await record.http(server, of('PRECONDITION_FAILED'), 'PATCH', '/v1/orders/43', stale);
  const large = { requestId: 'f', data: { total: 1, status: 'open', note: 'x'.repeat(1_100_000) }, hideBody: true };
  await record.http(server, of('PAYLOAD_TOO_LARGE'), 'POST', '/v1/orders', large);
  const many = { requestId: 'g', data: { operations: Array.from({ length: 101 }, () => nothing) }, hideBody: true };
  await record.http(server, of('BATCH_TOO_LARGE'), 'POST', '/v1/batch', many);
  const text = { raw: 'total=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  await record.http(server, of('UNSUPPORTED_MEDIA_TYPE'), 'POST', '/v1/orders', text);
  await record.http(server, of('VALIDATION_FAILED'), 'POST', '/v1/orders', { requestId: 'h', data: { total: 'much', status: 'lost' } });
  await record.http(server, of('REQUEST_ID_REUSED'), 'POST', '/v1/topics/alerts.kitchen/messages', { requestId: 'alert-9', data: 2 });
  await record.http(server, of('WEBSOCKET_REQUIRED'), 'POST', '/v1/subscriptions', { requestId: 'i', data: { topics: ['alerts.**'] } });
  await record.http(server, of('RATE_LIMITED'), 'GET', '/v1/orders/43', { key: slow });
  const operations = [nothing, { method: 'PATCH', path: '/orders/none', data: { status: 'paid' } }];
  await record.http(server, of('BATCH_FAILED'), 'POST', '/v1/batch', { requestId: 'j', data: { mode: 'atomic', operations } });
};
