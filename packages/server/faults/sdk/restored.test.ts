// A store that was restored from a backup while clients stood beyond it (clause 1): what they have seen is not of this log, and nobody waits in silence until its numbers
// have come back to where they were. Those that stand within the backup go on, and durable ones from the place that the backup has (6.2.8).
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient, type GodwitError } from '@godwit/client';
import { httpClient } from '../../testing/http.ts';
import { ADMIN_KEY, pause, startProcess } from '../../testing/process.ts';
import { seededRandom } from '../../testing/random.ts';
import { FaultyProxy } from '../messages/proxy.ts';

for (const transport of ['websocket', 'longpoll'] as const) {
  test(`${transport}: whoever stands beyond a restored log is told so, though others share its lane and go on`, { timeout: 60_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'godwit-restored-'));
    const data = join(directory, 'data');
    const proxy = await FaultyProxy.listen(seededRandom(1));
    let server = await startProcess({ data });
    const stop = async (): Promise<void> => {
      server.kill('SIGTERM');
      await server.exited;
    };
    const post = async (path: string, data: unknown, count = 1): Promise<string> => {
      const http = httpClient(server.url, ADMIN_KEY);
      let cursor = '';
      for (let n = 0; n < count; n++) ({ cursor } = (await http.ask('POST', `/v1${path}`, { data })).data);
      http.close();
      return cursor;
    };
    const publish = (topic: string, count: number): Promise<string> => post(`/topics/${topic}/messages`, 1, count);
    const client = createClient({ url: proxy.url, key: ADMIN_KEY, transport, pollWait: 500 });
    const errors: unknown[] = [];
    client.on('error', ({ error, subscription }) => errors.push([subscription?.name, (error as GodwitError).code]));
    try {
      await post('/subscriptions', { name: 'work', topics: ['d.1'] });
      const within = await publish('b.1', 5);
      await stop();
      await cp(data, join(directory, 'backup'), { recursive: true });
      server = await startProcess({ data });
      proxy.aim(server.url);
      const got = { a: 0, c: 0, b: 0, d: 0 };
      const ends = (['a', 'c'] as const).map((name) =>
        client
          .subscribe(`${name}.1`, () => void got[name]++, { after: within })
          .closed.then(
            ({ reason }) => reason,
            ({ code }: GodwitError) => code,
          ),
      );
      // Over a WebSocket its place stays where it began, because nothing comes for it; a page takes it along with the others.
      const stays = client.subscribe('b.1', () => void got.b++, { after: within });
      await stays.ready;
      const durable = client.subscribe('d.1', () => void got.d++, { name: 'work' });
      await durable.ready;
      await publish('c.1', 3);
      await publish('a.1', 10);
      await publish('d.1', 10);
      for (let wait = 0; wait < 500 && got.a + got.d < 20; wait++) await pause(10);
      assert.deepEqual(got, { a: 10, c: 3, b: 0, d: 10 });
      server.kill('SIGKILL');
      await server.exited;
      await rm(data, { recursive: true });
      await cp(join(directory, 'backup'), data, { recursive: true });
      server = await startProcess({ data });
      // At places that the durable one has seen already, in the log that is gone.
      await publish('d.1', 10);
      await publish('b.1', 20);
      proxy.aim(server.url);
      proxy.cutAll();
      let told: unknown;
      void Promise.all(ends).then((reasons) => (told = reasons));
      for (let wait = 0; wait < 2000 && told === undefined; wait++) await pause(10);
      assert.deepEqual(told, ['INVALID_CURSOR', 'INVALID_CURSOR']);
      for (let wait = 0; wait < 500 && got.d < 20; wait++) await pause(10);
      assert.equal(got.d, 20);
      assert.ok(errors.some((error) => String(error) === 'work,INVALID_CURSOR'));
      if (transport === 'websocket') {
        for (let wait = 0; wait < 500 && got.b < 20; wait++) await pause(10);
        assert.equal(got.b, 20);
      }
    } finally {
      await Promise.race([client.close(), pause(5000)]);
      await stop();
      await proxy.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
}
