// Where a request leads: in either form of its target, and below which version.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { belowVersion, readTarget } from './target.ts';

test('RFC 9112 3.2.1, 3.2.2: path and query, of the whole URL as well', () => {
  for (const [url, path, query] of [
    ['/v1/docs', '/v1/docs', ''],
    ['/v1/docs?', '/v1/docs', ''],
    ['/v1/docs?a=b?c', '/v1/docs', 'a=b?c'],
    ['http://a.example/v1/ws?instance=x', '/v1/ws', 'instance=x'],
    ['HTTPS://a.example:80/v1', '/v1', ''],
    ['http://a.example', '/', ''],
    ['http://a.example?x', '/', 'x'],
    ['ftp://a.example/v1', 'ftp://a.example/v1', ''],
    ['*', '*', ''],
    [undefined, '/', ''],
  ] as const)
    assert.deepEqual(readTarget(url), { path, query }, url);
});

test('3.1.1: below /v1, below another major version, or outside', () => {
  for (const [path, below] of [
    ['/v1', ''],
    ['/v1/', '/'],
    ['/v1/ws', '/ws'],
    ['/v1x', undefined],
    ['/vv1', undefined],
    ['/healthz', undefined],
    ['v1/ws', undefined],
  ] as const)
    assert.equal(belowVersion(path), below, path);
  for (const path of ['/v2', '/v2/ws', '/v10/ws', '/v0/', '/v01/ws', '/v123456789'])
    assert.throws(() => belowVersion(path), { code: 'UNSUPPORTED_VERSION', status: 404 }, path);
});
