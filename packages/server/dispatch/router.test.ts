// From a method and a path to a row (3.1.1, 3.2.3): words before names, actions beside documents, escapes, methods that a path lacks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS, type Operation, ProtocolError } from '@godwit/protocol';
import { Router } from './router.ts';

const action = (name: string, method: Operation['method'], path: string): Operation => ({
  ...(OPERATIONS[0] as Operation),
  name,
  method,
  path,
});

const router = (): Router => {
  const made = new Router();
  for (const operation of OPERATIONS) made.add(operation);
  made.addAction(action('cancel', 'POST', '/orders/{id}/cancel'));
  made.addAction(action('cancelAll', 'POST', '/orders/all/cancel'));
  made.addAction(action('daily', 'GET', '/reports/daily'));
  return made;
};

const found = (method: string, path: string): string => {
  try {
    const { operation, params } = router().find(method, path);
    return `${operation.name} ${JSON.stringify(params)}`;
  } catch (error) {
    assert(error instanceof ProtocolError);
    return `${error.code} ${error.headers['allow'] ?? ''}`.trim();
  }
};

test('3.1.1: rows by path', () => {
  for (const [method, path, said] of [
    ['GET', '', 'discover {}'],
    ['GET', '/', 'discover {}'],
    ['POST', '/batch', 'batch {}'],
    ['GET', '/orders', 'listDocuments {"collection":"orders"}'],
    ['GET', '/orders/5', 'getDocument {"collection":"orders","id":"5"}'],
    ['GET', '/collections/orders', 'getCollection {"name":"orders"}'],
    ['POST', '/topics/a.b/messages', 'publish {"topic":"a.b"}'],
    ['POST', '/orders/5/cancel', 'cancel {"id":"5"}'],
    ['POST', '/orders/all/cancel', 'cancelAll {}'],
    ['GET', '/orders/all', 'getDocument {"collection":"orders","id":"all"}'],
    ['GET', '/reports/daily', 'daily {}'],
    ['GET', '/reports/other', 'getDocument {"collection":"reports","id":"other"}'],
    ['GET', '/%6frders/a%20b', 'getDocument {"collection":"orders","id":"a b"}'],
    ['POST', '/%6frders/%61ll/c%61ncel', 'cancelAll {}'],
    ['GET', '/orders/a%2Fb', 'getDocument {"collection":"orders","id":"a/b"}'],
    ['GET', '/orders/constructor', 'getDocument {"collection":"orders","id":"constructor"}'],
  ] as const) {
    assert.equal(found(method, path), said, `${method} ${path}`);
  }
});

test('3.1.1, 3.2.3: what is not there, and methods that a path lacks', () => {
  for (const [method, path, said] of [
    ['GET', '/orders/5/nothing', 'NOT_FOUND'],
    ['GET', '/orders/', 'NOT_FOUND'],
    ['GET', '//orders', 'NOT_FOUND'],
    ['GET', 'orders', 'NOT_FOUND'],
    ['GET', 'x/orders', 'NOT_FOUND'],
    ['GET', '/topics', 'NOT_FOUND'],
    ['GET', '/batch/x', 'NOT_FOUND'],
    ['GET', '/%62atch/x', 'NOT_FOUND'],
    ['GET', '/orders/%', 'VALIDATION_FAILED'],
    ['GET', '/orders/%c3%28', 'VALIDATION_FAILED'],
    ['GET', '/batch', 'METHOD_NOT_ALLOWED OPTIONS, POST'],
    ['PATCH', '/orders', 'METHOD_NOT_ALLOWED GET, HEAD, OPTIONS, POST'],
    ['POST', '/orders/5', 'METHOD_NOT_ALLOWED DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
    ['GET', '/orders/5/cancel', 'METHOD_NOT_ALLOWED OPTIONS, POST'],
    ['get', '/orders', 'METHOD_NOT_ALLOWED GET, HEAD, OPTIONS, POST'],
    ['__proto__', '/orders', 'METHOD_NOT_ALLOWED GET, HEAD, OPTIONS, POST'],
  ] as const) {
    assert.equal(found(method, path), said, `${method} ${path}`);
  }
  assert.deepEqual(router().methods('/keys'), ['GET', 'HEAD', 'OPTIONS', 'POST']);
});

test('no two rows share a path', () => {
  assert.throws(() => router().add(action('twice', 'POST', '/orders/{other}/cancel')), /POST \/orders\/\{other\}\/cancel/);
});
