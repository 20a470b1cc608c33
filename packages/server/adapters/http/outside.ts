// What operators ask outside /v1 (12.1): does it live, can it store, how does it fare. Another method than
// GET and HEAD is answered by the catalogue (3.2.3). The pages for people come behind them, where they are wanted.
import type { ServerResponse } from 'node:http';
import { METRICS_CONTENT_TYPE, type Metrics } from '../../core/metrics.ts';
import type { Readiness } from '../../core/readiness.ts';
import type { FindPlace, Place } from './pages.ts';
import { checkReading } from './stored-file.ts';

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

/** Finds what is outside /v1: the operators' own, else what `pages` holds. */
export const outsidePlaces = (readiness: Readiness, metrics: Metrics, pages: FindPlace): FindPlace => {
  const reading = (name: string, answer: (response: ServerResponse) => void | Promise<void>): [string, Place] => [
    name,
    {
      name,
      answer: async (request, response) => {
        checkReading(request);
        await answer(response);
      },
    },
  ];
  const places = new Map([
    reading('/healthz', (response) => send(response, 200, JSON_TYPE, '{"status":"ok"}')),
    reading('/readyz', async (response) => {
      if (await readiness.ready()) send(response, 200, JSON_TYPE, '{"status":"ready"}');
      else send(response, 503, JSON_TYPE, '{"status":"unready"}', { 'retry-after': '1' });
    }),
    reading('/metrics', (response) => send(response, 200, METRICS_CONTENT_TYPE, metrics.render())),
  ]);
  return (path) => places.get(path) ?? pages(path);
};
