// Settings from files, the environment and flags (clause 13): precedence, what is refused and in which words, and that what is written is read back.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { defaultSettings, SETTINGS, type SettingName } from '@godwit/protocol';
import fc from 'fast-check';
import { ConfigError, checkSettings, environmentName, flagName, formatValue, loadConfig, PLACES, settingsHelp } from './config.ts';
import { jsonFault } from './config-file.ts';
import { parseValue, type ValueRule } from './settings.ts';

let root = '';
let made = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'godwit-config-'));
});
after(() => rm(root, { recursive: true, force: true }));

/** A working directory with these files. */
const folder = async (files: Record<string, unknown> = {}): Promise<string> => {
  const cwd = join(root, String(++made));
  await mkdir(cwd);
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content));
  return cwd;
};

const load = async (given: { argv?: string[]; env?: Record<string, string>; files?: Record<string, unknown> } = {}) =>
  loadConfig({ argv: given.argv ?? [], env: given.env ?? {}, cwd: await folder(given.files) });

/** The one sentence of the refusal. */
const refused = async (given: Parameters<typeof load>[0]): Promise<string> => {
  try {
    await load(given);
  } catch (error) {
    assert(error instanceof ConfigError, String(error));
    assert(!error.message.includes('\n'));
    return error.message;
  }
  assert.fail('was taken');
};

test('with nothing given: the defaults of clause 13', async () => {
  const cwd = await folder();
  const config = await loadConfig({ argv: [], env: { HOME: '/', PATH: '/bin' }, cwd });
  assert.deepEqual({ ...config.settings }, { ...defaultSettings() });
  assert.deepEqual(
    { ...config, settings: undefined },
    {
      settings: undefined,
      port: 7117,
      host: '::',
      data: join(cwd, 'godwit-data'),
      tlsCert: undefined,
      tlsKey: undefined,
      config: undefined,
      logLevel: 'info',
      console: true,
      adminKey: undefined,
      application: {},
    },
  );
  assert(Object.isFrozen(config) && Object.isFrozen(config.settings) && Object.isFrozen(config.settings.origins));
});

test('flags win over the environment, the environment over the file', async () => {
  const files = { 'godwit.config.json': { heartbeatInterval: '10s', ackWait: '10s', pollTimeout: '10s', port: 1 } };
  const env = { GODWIT_HEARTBEAT_INTERVAL: '20s', GODWIT_ACK_WAIT: '20s' };
  const { settings, port } = await load({ files, env, argv: ['--heartbeat-interval=30s', '--port', '2'] });
  assert.deepEqual([settings.heartbeatInterval, settings.ackWait, settings.pollTimeout, port], [30_000, 20_000, 10_000, 2]);
});

test('switches', async () => {
  const of = async (...argv: string[]) => (await load({ argv, env: { GODWIT_WEB_SOCKET_COMPRESSION: 'on' } })).settings.webSocketCompression;
  assert.equal(await of(), true);
  for (const argv of ['--no-web-socket-compression', '--web-socket-compression=off', '--web-socket-compression=false']) assert.equal(await of(argv), false);
  for (const argv of ['--web-socket-compression', '--web-socket-compression=on', '--web-socket-compression=true'])
    assert.equal(await of('--no-web-socket-compression', argv), true);
  assert.match(
    await refused({ argv: ['--web-socket-compression=maybe'] }),
    /webSocketCompression from --web-socket-compression is "maybe", but must be on or off/,
  );
  assert.match(await refused({ argv: ['--no-web-socket-compression=on'] }), /takes no value/);
  assert.match(await refused({ argv: ['--no-port'] }), /--no-port is no setting/);
  assert.equal((await load({ argv: ['--no-console'] })).console, false);
  assert.equal((await load({ env: { GODWIT_CONSOLE: 'off' }, files: { 'godwit.config.json': { console: true } } })).console, false);
});

test('a file may be JSON, a module, or a function; found by itself or named', async () => {
  const module = 'export default { ackWait: "5s", collections: { orders: { schema: null } } };';
  assert.equal(
    (await load({ files: { 'godwit.config.ts': `const wait: string = '5s';\nexport default async () => ({ ackWait: wait });` } })).settings.ackWait,
    5000,
  );
  const js = await load({ files: { 'godwit.config.js': module } });
  assert.deepEqual(js.application, { collections: { orders: { schema: null } } });
  const files = { 'other.json': { ackWait: '7s' }, 'godwit.config.json': { ackWait: '8s' } };
  assert.equal((await load({ files })).settings.ackWait, 8000);
  assert.equal((await load({ files, env: { GODWIT_CONFIG: 'other.json' } })).settings.ackWait, 7000);
  assert.equal((await load({ files, env: { GODWIT_CONFIG: 'other.json' }, argv: ['--config', 'godwit.config.json'] })).settings.ackWait, 8000);
  assert.match(await refused({ files: { 'godwit.config.json': {}, 'godwit.config.ts': 'export default {}' } }), /godwit.config.json and godwit.config.ts/);
  assert.match(await refused({ argv: ['--config=missing.json'] }), /config from --config names .*missing\.json, which is not there/);
  assert.match(await refused({ argv: ['--config=godwit.yaml'] }), /must be a \.json, \.js or \.ts file/);
});

test('the application passes through untouched', async () => {
  const files = { 'godwit.config.mjs': 'export const actions = [() => 1]; export default { actions };' };
  const { application } = await load({ files, argv: ['--config=godwit.config.mjs'] });
  assert.equal(typeof (application.actions as unknown[])[0], 'function');
  assert.match(await refused({ files: { 'godwit.config.json': { collections: 'orders' } } }), /collections in .*json is "orders", but must be an object/);
});

test('paths of a file are relative to it, others to the working directory', async () => {
  const cwd = await folder({ 'a.json': { data: 'x', tlsCert: 'cert.pem', tlsKey: 'key.pem' } });
  await mkdir(join(cwd, 'below'));
  const config = await loadConfig({ argv: ['--config', '../a.json', '--tls-key=k.pem'], env: {}, cwd: join(cwd, 'below') });
  assert.deepEqual(
    [config.data, config.tlsCert, config.tlsKey, config.config],
    [join(cwd, 'x'), join(cwd, 'cert.pem'), join(cwd, 'below', 'k.pem'), join(cwd, 'a.json')],
  );
});

test('files that cannot be read say where', async () => {
  const json = (text: string) => refused({ files: { 'godwit.config.json': text } });
  assert.match(await json('{\n  "ackWait": oops\n}'), /godwit\.config\.json is not JSON: line 2, column 14\./);
  assert.match(await json('{"ackWait": "1s", "ackWait": "2s"}'), /is not sound: An object has a member twice/);
  assert.match(await json('[]'), /must hold an object/);
  assert.match(await json('{"ackWait": "1s", "ackWiat": "2s"}'), /ackWiat in .*godwit\.config\.json is no setting; did you mean ackWait\?/);
  assert.match(await json('{"config": "b.json"}'), /names a configuration file/);
  assert.match(await refused({ files: { 'godwit.config.js': 'throw new Error("no luck")' } }), /cannot be loaded: no luck/);
  assert.match(await refused({ files: { 'godwit.config.js': 'export const ackWait = 1;' } }), /has no default export/);
});

test('what is unknown is refused with the name that was probably meant', async () => {
  assert.match(await refused({ argv: ['--prot=1'] }), /^--prot is no setting; did you mean --port\?$/);
  assert.match(
    await refused({ env: { GODWIT_HEARTBEAT_INTERVALL: '30s' } }),
    /GODWIT_HEARTBEAT_INTERVALL in the environment is no setting; did you mean GODWIT_HEARTBEAT_INTERVAL\?/,
  );
  assert.match(await refused({ argv: ['--zzzzzzzzzzzzzz'] }), /godwit serve --help lists them/);
  assert.match(await refused({ argv: ['serve'] }), /takes flags only/);
  assert.match(await refused({ argv: ['--port'] }), /--port needs a value: a whole number from 0 to 65535/);
  assert.match(await refused({ argv: ['--host', '--port', '1'] }), /--host needs a value/);
});

test('what is ill-formed or out of bounds is refused with what is allowed', async () => {
  assert.equal(
    await refused({ argv: ['--heartbeat-interval', '30'] }),
    'The setting heartbeatInterval from --heartbeat-interval is "30", but must be a number with ms, s, m, h or d from 50ms to 1h.',
  );
  assert.match(await refused({ files: { 'godwit.config.json': { heartbeatInterval: 30 } } }), /heartbeatInterval from .*godwit\.config\.json is 30, but/);
  const bad: Record<string, string[]> = {
    GODWIT_HEARTBEAT_INTERVAL: ['', '30', '30 s', '30S', '-30s', '1e3s', '49ms', '2h', '0', 'NaNs', '١s'],
    GODWIT_MAX_MESSAGE_BYTES: ['', '1kb', '1.5', '1023', '65MB', '0x400', '1TB', '1,024'],
    GODWIT_MAX_OUTSTANDING: ['0', '1.5', '1k', '100001', '+5', ' 5'],
    GODWIT_ORIGINS: [
      'example.com',
      'https://a.example/',
      'https://A.example',
      'https://a.example:443',
      '*,https://a.example',
      'https://*.example',
      'https://a.example,',
    ],
    GODWIT_PORT: ['65536', '-1', '80a', ''],
    GODWIT_HOST: ['', 'http://x', 'a b', '[::]'],
    GODWIT_LOG_LEVEL: ['loud', 'INFO', ''],
    GODWIT_DATA: [''],
  };
  for (const [variable, values] of Object.entries(bad)) {
    for (const value of values)
      assert.match(await refused({ env: { [variable]: value } }), new RegExp(`from ${variable} (?:is .*, but )?must be `), `${variable}=${value}`);
  }
  assert.match(await refused({ env: { GODWIT_TLS_CERT: 'cert.pem' } }), /tlsCert is given without tlsKey/);
  assert.match(await refused({ argv: ['--tls-key=k'] }), /tlsKey is given without tlsCert/);
  // A mistake counts even where a later layer would hide it.
  assert.match(await refused({ env: { GODWIT_ACK_WAIT: 'soon' }, argv: ['--ack-wait=1s'] }), /GODWIT_ACK_WAIT/);
});

test('good values', async () => {
  const { settings } = await load({
    argv: [
      '--drain-delay=0',
      '--retention-age=1.5h',
      '--max-message-bytes',
      '1536',
      '--origins=https://a.example, http://localhost:5173,capacitor://localhost',
    ],
    files: { 'godwit.config.json': { pollTimeout: 0, compressionThreshold: 2048, retentionBytes: '2GB', webSocketCompression: true, $schema: 'x' } },
  });
  assert.deepEqual([settings.drainDelay, settings.retentionAge, settings.maxMessageBytes, settings.pollTimeout], [0, 5_400_000, 1536, 0]);
  assert.deepEqual([settings.compressionThreshold, settings.retentionBytes, settings.webSocketCompression], [2048, 2 * 1024 ** 3, true]);
  assert.deepEqual(settings.origins, ['https://a.example', 'http://localhost:5173', 'capacitor://localhost']);
  assert.deepEqual((await load({ env: { GODWIT_ORIGINS: '*' } })).settings.origins, ['*']);
  assert.deepEqual((await load({ env: { GODWIT_ORIGINS: '' } })).settings.origins, []);
});

test('what an orchestrator injects is passed over', async () => {
  const injected = {
    GODWIT_PORT: 'tcp://10.0.0.1:7117',
    GODWIT_SERVICE_HOST: '10.0.0.1',
    GODWIT_SERVICE_PORT: '7117',
    GODWIT_SERVICE_PORT_HTTP: '7117',
    GODWIT_PORT_7117_TCP: 'tcp://10.0.0.1:7117',
    GODWIT_PORT_7117_TCP_PROTO: 'tcp',
    GODWIT_PORT_7117_TCP_PORT: '7117',
    GODWIT_PORT_7117_TCP_ADDR: '10.0.0.1',
    GODWIT_CONSOLE_SERVICE_HOST: '10.0.0.2',
    GODWIT_CONSOLE_PORT: 'tcp://10.0.0.2:80',
    GODWIT_CONSOLE_PORT_80_TCP_ADDR: '10.0.0.2',
  };
  assert.equal((await load({ env: injected })).port, 7117);
});

test('what the other commands read is no setting, and may stand beside a server', async () => {
  const { port } = await load({ env: { GODWIT_URL: 'http://localhost:7117', GODWIT_KEY: 'a key', GODWIT_TOKEN: 'a token' } });
  assert.equal(port, 7117);
});

test('the admin key comes from the environment only and is never repeated', async () => {
  assert.equal((await load({ env: { GODWIT_ADMIN_KEY: 'abcdefghijk~-._0' } })).adminKey, 'abcdefghijk~-._0');
  for (const key of ['', 'short-secret', 'sixteen letters and spaces', 'ümlaut-ümlaut-ümlaut', 'c2l4dGVlbiBhbmQg+/c2l4==']) {
    const sentence = await refused({ env: { GODWIT_ADMIN_KEY: key } });
    assert.match(
      sentence,
      /^GODWIT_ADMIN_KEY must be 16 or more characters of A-Z a-z 0-9 \. _ ~ -: .* in a store that has such a key already it takes its place/,
    );
    assert(key === '' || !sentence.includes(key));
  }
  const secret = 'topsecret-topsecret';
  for (const given of [
    { argv: ['--admin-key', secret] },
    { argv: [`--admin-key=${secret}`] },
    { argv: [secret] },
    { files: { 'godwit.config.json': { adminKey: secret } } },
    { env: { GODWIT_ADMIN_KYE: secret } },
    { env: { GODWIT_TLS_KEY: `-----BEGIN\n${secret}` } },
  ]) {
    assert(!(await refused(given)).includes(secret));
  }
});

test('settings of the library: plain numbers are milliseconds and bytes, strings as in a file', () => {
  const settings = checkSettings({ heartbeatInterval: '2s', ackWait: 500, maxMessageBytes: '2KB', origins: ['https://a.example'], webSocketCompression: true });
  assert.deepEqual(
    { ...settings },
    { ...defaultSettings(), heartbeatInterval: 2000, ackWait: 500, maxMessageBytes: 2048, origins: ['https://a.example'], webSocketCompression: true },
  );
  assert(Object.isFrozen(settings) && Object.isFrozen(settings.origins));
  assert.throws(() => checkSettings({ heartbeatIntervl: 1 } as object), /did you mean heartbeatInterval\?/);
  assert.throws(() => checkSettings({ ackWait: 1 }), /is 1, but must be a number of milliseconds, or a number with ms/);
  for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY, -1, null, {}])
    assert.throws(() => checkSettings({ drainDelay: value as number }), ConfigError);
  assert(Object.is(checkSettings({ drainDelay: -0 }).drainDelay, 0));
});

test('property: whatever is formatted is parsed back', () => {
  for (const [name, setting] of Object.entries({ ...SETTINGS, port: PLACES.port })) {
    const rule: ValueRule = setting;
    if (rule.unit === 'switch' || rule.unit === 'list') continue;
    fc.assert(
      fc.property(
        fc.integer({ min: rule.min ?? 0, max: rule.max ?? Number.MAX_SAFE_INTEGER }),
        (value) => parseValue(rule, formatValue(rule.unit, value)) === value,
      ),
      { examples: [[rule.min ?? 0], [rule.max ?? 0]] },
    );
    assert.equal(parseValue(rule, formatValue(rule.unit, setting.default)), setting.default, name);
  }
  for (const value of [true, false]) assert.equal(parseValue({ unit: 'switch' }, formatValue('switch', value)), value);
  const origins = fc.uniqueArray(
    fc
      .webAuthority()
      .map((authority) => `app://${authority}`)
      .filter((origin) => !/[@,*]/.test(origin)),
  );
  fc.assert(fc.property(origins, (value) => assert.deepEqual(parseValue({ unit: 'list' }, formatValue('list', value)), value)));
});

test('property: names of the three spellings stay apart', () => {
  const names = [...Object.keys(PLACES), ...Object.keys(SETTINGS)];
  assert.equal(new Set(names.map(environmentName)).size, names.length);
  assert.equal(new Set(names.map(flagName)).size, names.length);
  assert.equal(environmentName('webSocketCompression'), 'GODWIT_WEB_SOCKET_COMPRESSION');
  assert.equal(flagName('tlsCert'), '--tls-cert');
});

test('property: no text makes anything but a value or a ConfigError', async () => {
  const cwd = await folder();
  const name = fc.constantFrom(...Object.keys(SETTINGS), 'port', 'host', 'data', 'logLevel') as fc.Arbitrary<SettingName>;
  await fc.assert(
    fc.asyncProperty(name, fc.string(), async (setting, value) => {
      await loadConfig({ argv: [`${flagName(setting)}=${value}`], env: {}, cwd }).catch((error) => assert(error instanceof ConfigError, String(error)));
    }),
  );
});

test('property: the fault of a broken JSON text is where it was put', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const sound = JSON.stringify(JSON.parse(text), null, 2);
      const lines = sound.split('\n');
      assert.deepEqual(jsonFault(`${sound}\n?`), { line: lines.length + 1, column: 1 });
    }),
  );
  assert.deepEqual(jsonFault('{"a": [1, 2,]}'), { line: 1, column: 13 });
  assert.deepEqual(jsonFault('{"a": 01}'), { line: 1, column: 8 });
  assert.deepEqual(jsonFault('{"a": "b'), { line: 1, column: 7 });
});

test('the help names every setting', () => {
  const help = settingsHelp();
  for (const name of [...Object.keys(PLACES), ...Object.keys(SETTINGS)])
    assert(help.includes(`${flagName(name)} `) && help.includes(environmentName(name)), name);
  for (const line of help.split('\n')) assert(line.length <= 160, line);
});
