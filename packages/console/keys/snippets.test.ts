import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snippets } from './snippets.ts';

const text = (scopes: readonly string[], name: string, isToken = false) =>
  snippets('http://localhost:7117', 'gdw_secret', scopes, isToken).find((one) => one.name === name)?.text ?? '';

test('what is shown is what the scopes allow', () => {
  assert.match(text(['admin'], 'curl'), /topics=\*\*&after=earliest/);
  assert.match(text(['publish:a.*.b'], 'curl'), /\/v1\/topics\/a\.hello\.b\/messages/);
  assert.doesNotMatch(text(['publish:a.*.b'], 'curl'), /event-stream/);
  assert.doesNotMatch(text(['read:orders'], 'wscat'), /subscriptions|topics/);
  assert.match(text(['subscribe:x.**'], 'SDK'), /subscribe\('x\.\*\*'/);
});

test('a key is a key, a token a token; the WebSocket lines are messages of the protocol', () => {
  assert.match(text(['admin'], 'SDK'), /key: 'gdw_secret'/);
  assert.match(text(['admin'], 'SDK', true), /token: 'gdw_secret'/);
  const [connect, ...messages] = text(['admin'], 'wscat').split('\n');
  assert.match(connect ?? '', /^wscat -c ws:\/\/localhost:7117\/v1\/ws -H 'Authorization: Bearer gdw_secret'$/);
  for (const message of messages) assert.equal(JSON.parse(message).type, 'request');
  assert.equal(messages.length, 2);
});
