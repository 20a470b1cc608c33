// What is told from bytes is what reading the message as JSON tells; and what it leaves alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Skimmed } from './skim.ts';

const skimmed = new Skimmed();
const read = (text: string): Record<string, string> | undefined => {
  const bytes = Buffer.from(`<<${text}>>`);
  if (!skimmed.read(bytes, 2, bytes.length - 2, false)) return undefined;
  return {
    requestId: bytes.toString('latin1', skimmed.requestId, skimmed.requestIdEnd),
    topic: skimmed.topic,
    data: bytes.toString('utf8', skimmed.data, skimmed.dataEnd),
  };
};

const message = (payload: string, more = '', id = 'request-1', type = 'request'): string =>
  `{"messageId":"${id}","type":"${type}","payload":${payload}${more}}`;
const payload = (data: string, path = '/topics/orders.42/messages'): string => `{"method":"POST","path":"${path}","data":${data}}`;

test('a publish as it is written most of the time, its members in any order', () => {
  const expected = { requestId: 'request-1', topic: 'orders.42', data: '{"n":1,"größe":[true,null]}' };
  assert.deepEqual(read(message(payload(expected.data))), expected);
  assert.deepEqual(read(message(payload(expected.data), ',"timestamp":"2026-11-22T10:00:00.000Z"')), expected);
  const turned = `{"payload":{"data":${expected.data},"path":"/topics/orders.42/messages","method":"POST"},"type":"request","messageId":"request-1"}`;
  assert.deepEqual(read(turned), expected);
});

test('everything else is left alone', () => {
  const data = '{"n":1}';
  for (const text of [
    '',
    'x'.repeat(100),
    message(payload(data), ',"timestamp":"yesterday"'),
    message(payload(data), ',"timestamp":"2026-02-30T10:00:00Z"'),
    message(payload(data), ',"more":1'),
    message(payload(data), ',"type":"request"'),
    message(payload(data), '', ''),
    message(payload(data), '', 'a b'),
    message(payload(data), '', 'é'),
    message(payload(data), '', 'a\\u0041'),
    message(payload(data), '', 'x'.repeat(129)),
    message(payload(data), '', 'request-1', 'event'),
    message(payload(data, '/topics/orders.42/messages?x=1')),
    message(payload(data, '/topics//messages')),
    message(payload(data, '/topics/a..b/messages')),
    message(payload(data, '/topics/$sys.a/messages')),
    message(payload(data, '/topics/a%2e/messages')),
    message(payload(data, `/topics/${'a.'.repeat(16)}a/messages`)),
    message(payload(data, `/topics/${'a'.repeat(256)}/messages`)),
    message(payload(data, '/topics/orders.42/other')),
    message(payload(data).replace('POST', 'PUT')),
    message(payload(data).replace('}}', '},"headers":{}}')),
    message(payload(data).replace('"method":"POST",', '')),
    message('{"method":"POST","path":"/topics/orders.42/messages"}'),
    message(payload('1.0')),
    message(payload('{"a":1,"a":2}')),
    ` ${message(payload(data))}`,
    `${message(payload(data))} `,
    `${message(payload(data))}}`,
    message(payload(data)).slice(0, -1),
    message(payload(data)).replace('{"messageId"', '{ "messageId"'),
  ])
    assert.equal(read(text), undefined, text);
});

test('one byte more, less or other never changes what it means', () => {
  const whole = message(payload('{"text":"abc","n":[1,2.5,{"m":null}]}'), ',"timestamp":"2026-11-22T10:00:00Z"');
  let taken = 0;
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.constantFrom('', '"', '{', '}', ',', ':', '\\', '0', 'a', ' ', 'é'), fc.nat(1), (at, put, cut) => {
      const text = whole.slice(0, at) + put + whole.slice(at + cut);
      const told = read(text);
      if (told === undefined) return;
      taken++;
      const meant = JSON.parse(text) as { messageId: string; type: string; payload: { method: string; path: string; data: unknown } };
      assert.equal(meant.type, 'request');
      assert.equal(meant.payload.method, 'POST');
      assert.deepEqual(told, { requestId: meant.messageId, topic: meant.payload.path.slice(8, -9), data: JSON.stringify(meant.payload.data) });
    }),
    { numRuns: 5000 },
  );
  assert.ok(taken > 100, String(taken));
});

test('topics whose places are the same are told apart', () => {
  for (let round = 0; round < 2; round++)
    for (let n = 0; n < 10_000; n++) assert.equal(read(message(payload('1', `/topics/t.${n}/messages`)))?.['topic'], `t.${n}`);
});
