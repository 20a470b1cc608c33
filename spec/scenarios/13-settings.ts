// Section 13: settings from a file, the environment and flags, and what stops a start.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caller } from '../caller.ts';
import { refuses, succeeds } from '../expect.ts';
import { refusedStart, type ServerOptions } from '../own-server.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';

/** Every setting of the table and its default. */
const SETTINGS: Record<string, string> = {
  requestTimeout: '30s',
  heartbeatInterval: '30s',
  pollTimeout: '60s',
  ackWait: '30s',
  maxOutstanding: '1000',
  retentionAge: '7d',
  retentionBytes: '10GB',
  idempotencyWindow: '24h',
  drainTimeout: '10s',
  drainDelay: '0s',
  operationsPerMinute: '1000',
  connectionsPerClient: '10',
  messagesPerSecond: '100',
  maxMessageBytes: '1MB',
  maxBatchBytes: '10MB',
  connectionLifetime: '24h',
  maxBatchOperations: '100',
  compressionThreshold: '1KB',
  publishWindow: '1h',
  maxQueuedBytes: '1MB',
};

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
const variableOf = (name: string): string => `GODWIT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** The operations a minute that a server allows: a setting that every response tells. */
const limitOf = async (t: Trial, options: ServerOptions): Promise<string> => {
  const server = await t.server(options);
  const { headers } = await server.admin.http('GET', '/v1/messages?topics=a');
  await server.stop();
  return String(headers['x-ratelimit-limit']);
};

scenario('13 every setting can be given as a flag and in the environment, and its default is the table’s', { needs: 'own server' }, async (t) => {
  const byFlag = await t.server({ flags: Object.entries(SETTINGS).flatMap(([name, value]) => [flagOf(name), value]) });
  const byEnvironment = await t.server({
    env: {
      ...Object.fromEntries(Object.entries(SETTINGS).map(([name, value]) => [variableOf(name), value])),
      GODWIT_WEB_SOCKET_COMPRESSION: 'off',
      GODWIT_ORIGINS: 'https://a.example',
    },
  });
  const byDefault = await t.server();
  const limits = await Promise.all([byFlag, byEnvironment, byDefault].map(async (server) => succeeds(await server.admin.http('GET', '/v1')).limits));
  assert.deepEqual(limits[0], limits[2], 'the limits in force are the same');
  assert.deepEqual(limits[1], limits[2]);
});

scenario('13 file, environment, flags: the later over the earlier', { needs: 'own server' }, async (t) => {
  const cwd = t.directory();
  const data = (n: number): string => join(cwd, `data${n}`);
  writeFileSync(join(cwd, 'godwit.config.json'), JSON.stringify({ operationsPerMinute: 11 }));
  const env = { GODWIT_OPERATIONS_PER_MINUTE: '22' };
  const flags = ['--operations-per-minute', '33'];
  assert.equal(await limitOf(t, { cwd, dataDir: data(1) }), '11', 'the file over the default');
  assert.equal(await limitOf(t, { cwd, dataDir: data(2), env }), '22', 'the environment over the file');
  assert.equal(await limitOf(t, { cwd, dataDir: data(3), env, flags }), '33', 'the flag over both');
});

scenario('13 a configuration file is named by config, or found by itself: json, js, ts', { needs: 'own server' }, async (t) => {
  const named = join(t.directory(), 'elsewhere.json');
  writeFileSync(named, '{"operationsPerMinute": 44}');
  assert.equal(await limitOf(t, { flags: ['--config', named] }), '44', '--config');
  assert.equal(await limitOf(t, { env: { GODWIT_CONFIG: named } }), '44', 'GODWIT_CONFIG');
  for (const [file, text] of [
    ['godwit.config.js', 'export default { operationsPerMinute: 55 };'],
    ['godwit.config.ts', 'const limit: number = 55;\nexport default { operationsPerMinute: limit };'],
  ] as const) {
    const cwd = t.directory();
    writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
    writeFileSync(join(cwd, file), text);
    assert.equal(await limitOf(t, { cwd, dataDir: join(cwd, 'data') }), '55', file);
  }
});

scenario('13 an unknown setting stops the start with a sentence that names it', { needs: 'own server' }, async (t) => {
  const cwd = t.directory();
  writeFileSync(join(cwd, 'godwit.config.json'), '{"noSuchSetting": 1}');
  const starts: readonly [ServerOptions, RegExp][] = [
    [{ flags: ['--no-such-setting', '5'] }, /no-such-setting|noSuchSetting/],
    [{ flags: ['--heartbeatinterval', '5s'] }, /heartbeatinterval/],
    [{ env: { GODWIT_NO_SUCH_SETTING: '5' } }, /GODWIT_NO_SUCH_SETTING|noSuchSetting/],
    [{ cwd, dataDir: join(cwd, 'data') }, /noSuchSetting/],
    [{ flags: ['--config', join(cwd, 'missing.json')] }, /missing\.json/],
    [{ flags: ['stray'] }, /./],
  ];
  await Promise.all(
    starts.map(async ([options, names]) => {
      const { code, output } = await refusedStart(t.serve, options);
      assert.notEqual(code, 0, JSON.stringify(options));
      assert.match(output, names, JSON.stringify(options));
      assert.doesNotMatch(output, /\n\s+at .+:\d+:\d+/, `a sentence, not a stack: ${JSON.stringify(options)}`);
    }),
  );
});

scenario('13 an ill-formed setting stops the start with a sentence that names it', { needs: 'own server' }, async (t) => {
  const illFormed: readonly [string, string][] = [
    ['heartbeatInterval', 'soon'],
    ['heartbeatInterval', '5'],
    ['heartbeatInterval', '-5s'],
    ['heartbeatInterval', '5 parsecs'],
    ['retentionAge', '7w'],
    ['maxMessageBytes', '1XB'],
    ['maxMessageBytes', 'big'],
    ['maxMessageBytes', '-1'],
    ['operationsPerMinute', 'many'],
    ['operationsPerMinute', '1.5'],
    ['operationsPerMinute', ''],
    ['port', 'notanumber'],
    ['port', '70000'],
    ['origins', 'not an origin'],
  ];
  const starts = illFormed.map(([name, value], index): ServerOptions & { readonly names: RegExp } => {
    const names = new RegExp(`${flagOf(name)}|${name}|${variableOf(name)}`);
    return index % 2 === 0 || name === 'port' ? { flags: [flagOf(name), value], names } : { env: { [variableOf(name)]: value }, names };
  });
  for (let at = 0; at < starts.length; at += 4) {
    await Promise.all(
      starts.slice(at, at + 4).map(async ({ names, ...options }) => {
        const { code, output } = await refusedStart(t.serve, options);
        assert.notEqual(code, 0, JSON.stringify(options));
        assert.match(output, names, JSON.stringify(options));
      }),
    );
  }
});

scenario('13 variables that an orchestrator injects are passed over', { needs: 'own server' }, async (t) => {
  const server = await t.server({
    env: {
      GODWIT_PORT: 'tcp://10.0.0.1:7117',
      GODWIT_PORT_7117_TCP: 'tcp://10.0.0.1:7117',
      GODWIT_PORT_7117_TCP_ADDR: '10.0.0.1',
      GODWIT_PORT_7117_TCP_PORT: '7117',
      GODWIT_PORT_7117_TCP_PROTO: 'tcp',
      GODWIT_SERVICE_HOST: '10.0.0.1',
      GODWIT_SERVICE_PORT: '7117',
      GODWIT_SERVICE_PORT_HTTP: '7117',
    },
  });
  succeeds(await server.admin.http('GET', '/v1'));
});

scenario('13 durations take ms, s, m, h and d, sizes bytes, KB, MB and GB', { needs: 'own server' }, async (t) => {
  const forms: readonly (readonly string[])[] = [
    [
      '--heartbeat-interval',
      '30000ms',
      '--retention-age',
      '168h',
      '--idempotency-window',
      '1d',
      '--request-timeout',
      '1m',
      '--max-message-bytes',
      '4096',
      '--max-batch-bytes',
      '8KB',
      '--retention-bytes',
      '1GB',
    ],
    [
      '--heartbeat-interval',
      '30s',
      '--retention-age',
      '7d',
      '--idempotency-window',
      '24h',
      '--request-timeout',
      '60000ms',
      '--max-message-bytes',
      '4KB',
      '--max-batch-bytes',
      '8192',
      '--retention-bytes',
      '1024MB',
    ],
  ];
  const limits = await Promise.all(
    forms.map(async (flags) => {
      const server = await t.server({ flags });
      succeeds(await server.admin.http('POST', '/v1/topics/t/messages', { data: 'x'.repeat(3_900) }), 201, 'below 4 KB');
      refuses(await server.admin.http('POST', '/v1/topics/t/messages', { data: 'x'.repeat(4_100) }), 'PAYLOAD_TOO_LARGE', undefined, 'above 4 KB');
      return succeeds(await server.admin.http('GET', '/v1')).limits;
    }),
  );
  assert.deepEqual(limits[0], limits[1], 'the same, said differently');
});

scenario('13 maxBatchOperations is a setting too', { needs: 'own server' }, async (t) => {
  const server = await t.server({ flags: ['--max-batch-operations', '3'] });
  const batch = (count: number): ReturnType<typeof t.admin.http> =>
    caller(server.url, server.key).http('POST', '/v1/batch', {
      data: { operations: Array.from({ length: count }, () => ({ method: 'GET', path: '/messages?topics=a' })) },
    });
  succeeds(await batch(3));
  refuses(await batch(4), 'BATCH_TOO_LARGE');
});

scenario('13 a setting that is on or off can be told both ways by a flag', { needs: 'own server' }, async (t) => {
  // How a flag says so is left open by the contract; that a flag can overrule the environment in both directions is not.
  const forms = (name: string): readonly (readonly string[])[] => [
    [flagOf(name), 'off'],
    [`${flagOf(name)}=off`],
    [flagOf(name), 'false'],
    [`${flagOf(name)}=false`],
    [`--no-${flagOf(name).slice(2)}`],
  ];
  for (const flags of forms('webSocketCompression')) {
    const server = await t.server({ flags, env: { GODWIT_WEB_SOCKET_COMPRESSION: 'on' } }).catch(() => undefined);
    if (server !== undefined) return;
  }
  assert.fail('no form of the flag turns off what the environment turned on');
});

scenario('13 port and data can come from the environment', { needs: 'own server' }, async (t) => {
  const data = join(t.directory(), 'here');
  const server = await t.server({ bare: true, env: { GODWIT_PORT: '0', GODWIT_DATA: data, GODWIT_HOST: '127.0.0.1' } });
  succeeds(await server.admin.post('/topics/t/messages', 1), 201);
});
