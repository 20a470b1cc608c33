// A process of its own that publishes a flood: batches of a hundred over HTTP, as many a second as it is told, and says at the end how many were confirmed.
// Usage: flood-publisher.ts <url> <key> <messages per second> <seconds>
import { httpClient } from '../../server/testing/http.ts';

const [url = '', key = '', perSecond = '10000', seconds = '30'] = process.argv.slice(2);
const BATCH = 100;
const AT_ONCE = 16;

const http = httpClient(url, key, AT_ONCE);
const total = Number(perSecond) * Number(seconds);
const startedAt = performance.now();
let sent = 0;
let confirmed = 0;

/** When the batch that begins with this message is due. */
const due = (n: number): number => startedAt + (n * 1000) / Number(perSecond);

const publisher = async (): Promise<void> => {
  while (sent < total) {
    const first = sent;
    sent += BATCH;
    const wait = due(first) - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const operations = Array.from({ length: BATCH }, (_, n) => ({
      method: 'POST',
      path: `/topics/flood.${(first + n) % 50}/messages`,
      data: { n: first + n, celsius: 20 + ((first + n) % 70) / 10, text: 'a reading of ordinary length' },
    }));
    const answer = await http.ask('POST', '/v1/batch', { data: { operations }, requestId: `flood-${process.pid}-${first}` });
    confirmed += answer.data?.succeeded ?? 0;
  }
};

await Promise.all(Array.from({ length: AT_ONCE }, publisher));
http.close();
process.stdout.write(`${JSON.stringify({ confirmed, seconds: (performance.now() - startedAt) / 1000 })}\n`);
