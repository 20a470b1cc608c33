// 6.1.1: an operation that takes too long is answered, and repeating it is safe.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { logAfter } from '../reading.ts';
import { scenario } from '../scenario.ts';

scenario(
  '6.1.1 what has not answered in time is 504 TIMEOUT, and repeated it takes effect at most once',
  { needs: 'own server', timeoutMs: 90_000 },
  async (t) => {
    const first = await t.server({ flags: ['--operations-per-minute', '1000000'] });
    succeeds(await first.admin.post('/collections', { name: 'things' }), 201);
    await first.stop();
    // The shortest time that the server takes for a setting; what no operation can keep shows the clause best.
    const hurried = await t
      .server({ dataDir: first.dataDir, flags: ['--request-timeout', '20ms', '--operations-per-minute', '1000000'] })
      .catch(() => undefined);
    if (hurried === undefined) return t.skip('requestTimeout does not go as low as 20ms');
    const operations = (batch: number): Json[] =>
      Array.from({ length: 100 }, (_, n) => ({ method: 'POST', path: '/things', data: { id: `b${batch}-${n}`, text: 'x'.repeat(50_000) } }));
    const late: number[] = [];
    await Promise.all(
      Array.from({ length: 6 }, async (_, batch) => {
        const answer = await hurried.admin.http('POST', '/v1/batch', { data: { mode: 'atomic', operations: operations(batch) }, requestId: `batch-${batch}` });
        if (answer.status === 200) return;
        refuses(answer, ['TIMEOUT', 'REQUEST_TIMEOUT', 'UNAVAILABLE']);
        late.push(batch);
      }),
    );
    await hurried.stop();
    const patient = await t.server({ dataDir: first.dataDir, flags: ['--operations-per-minute', '1000000'] });
    for (let batch = 0; batch < 6; batch++) {
      succeeds(
        await patient.admin.http('POST', '/v1/batch', { data: { mode: 'atomic', operations: operations(batch) }, requestId: `batch-${batch}` }),
        200,
        `batch ${batch}, repeated`,
      );
    }
    const messages: Json[] = [];
    for (let batch = 0; batch < 6; batch++)
      messages.push(...(await logAfter(patient.admin, Array.from({ length: 100 }, (_, n) => `things.b${batch}-${n}.created`).join(','), 'earliest')));
    assert.equal(messages.length, 600, 'each document was created once');
    if (late.length === 0) t.skip('no operation took longer than 20ms');
  },
);
