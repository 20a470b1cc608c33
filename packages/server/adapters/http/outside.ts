// What operators ask outside /v1 (12.1): does it live, can it store, how does it fare. Another method than
// GET and HEAD is answered by the catalogue (3.2.3).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProtocolError } from '@godwit/protocol';
import { METRICS_CONTENT_TYPE, type Metrics } from '../../core/metrics.ts';
import type { Readiness } from '../../core/readiness.ts';

const send = (response: ServerResponse, status: number, type: string, text: string, more: Readonly<Record<string, string>> = {}): void => {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...more,
  });
  response.end(text);
};

const JSON_TYPE = 'application/json; charset=utf-8';

export const outsidePaths = (
  readiness: Readiness,
  metrics: Metrics,
): ReadonlyMap<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>> => {
  const reading =
    (answer: (response: ServerResponse) => void | Promise<void>) =>
    async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        throw new ProtocolError('METHOD_NOT_ALLOWED', undefined, { allow: ['GET', 'HEAD'] }, { headers: { allow: 'GET, HEAD' } });
      await answer(response);
    };
  return new Map([
    ['/healthz', reading((response) => send(response, 200, JSON_TYPE, '{"status":"ok"}'))],
    [
      '/readyz',
      reading(async (response) => {
        if (await readiness.ready()) send(response, 200, JSON_TYPE, '{"status":"ready"}');
        else send(response, 503, JSON_TYPE, '{"status":"unready"}', { 'retry-after': '1' });
      }),
    ],
    ['/metrics', reading((response) => send(response, 200, METRICS_CONTENT_TYPE, metrics.render()))],
  ]);
};
