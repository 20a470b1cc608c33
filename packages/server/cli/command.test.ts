// The command as its users have it: the real program against a real server. What it prints, how it ends, and that it ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, runCommand, startCommand } from '../testing/command.ts';
import { ADMIN_KEY, type ServerProcess, startProcess } from '../testing/process.ts';

let root = '';
let server: ServerProcess;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'godwit-command-'));
  server = await startProcess({ data: join(root, 'data') });
  assert.notEqual(server.url, '', server.stderr());
});
after(async () => {
  server.kill('SIGKILL');
  await server.exited;
  await rm(root, { recursive: true, force: true });
});

const run = (words: string[], options: { env?: Record<string, string>; stdin?: string } = {}): Promise<Ended> =>
  runCommand(words, { url: server.url, cwd: root, ...options });
const done = async (words: string[], options: { env?: Record<string, string>; stdin?: string } = {}): Promise<Ended> => {
  const ended = await run(words, options);
  assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
  return ended;
};

test('help, version and what is not understood', async () => {
  const [help, command, version, wrong, flag, part] = await Promise.all([
    run(['--help']),
    run(['help', 'keys', 'create']),
    run(['--version']),
    run(['pubish']),
    run(['stats', '--wach', '--json']),
    run(['keys']),
  ]);
  assert.deepEqual([help.code, help.stderr, /Exit codes/.test(help.stdout)], [0, '', true]);
  assert.match(command.stdout, /^Make an API key, shown this once\.\n\nUsage: godwit keys create \[flags\]\n/);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual(
    [wrong.code, wrong.stdout, wrong.stderr],
    [2, '', 'godwit: There is no command "pubish"; did you mean publish?\ngodwit --help lists the commands.\n'],
  );
  assert.deepEqual([flag.code, flag.stdout, JSON.parse(flag.stderr).error.code], [2, '', 'USAGE']);
  assert.deepEqual([part.code, /keys revoke/.test(part.stdout)], [2, true]);
  for (const [data, sentence] of [
    ['{bad', 'The data is not JSON.'],
    [' ', 'The data is empty, which is not JSON.'],
    ['{"a":1,"a":2}', 'The data is not sound JSON: An object has a member twice.'],
  ] as const) {
    const { code, stderr } = await run(['publish', 'a.b', data]);
    assert.deepEqual(
      [code, stderr.startsWith(`godwit: ${sentence}`), stderr.split('\n').at(-2)],
      [2, true, 'godwit help publish says how it is written.'],
      stderr,
    );
  }
});

test('documents from their making to their end', async () => {
  await writeFile(join(root, 'schema.json'), '{"type":"object","required":["total"],"properties":{"total":{"type":"number"}}}');
  const made = await done(['collections', 'create', 'goods', '--schema', '@schema.json', '--index', 'total', '--json']);
  assert.deepEqual(made.values()[0].indexes, ['total']);
  const lines = Array.from({ length: 150 }, (_, n) => JSON.stringify({ id: `g${n}`, total: n })).join('\n');
  const created = await done(['create', 'goods', '-', '--json'], { stdin: lines });
  assert.deepEqual(
    created.values().map(({ total }: { total: number }) => total),
    Array.from({ length: 150 }, (_, n) => n),
    'in the order of the lines',
  );
  const partly = await run(['create', 'goods', '-'], { stdin: '{"total":"x"}\nnonsense\n{"id":"last","total":1}\n' });
  assert.equal(partly.code, 1);
  assert.match(partly.stderr, /line 1: \/data\/total must be of type number \(VALIDATION_FAILED\)/);
  assert.match(partly.stderr, /line 2: This is not JSON/);
  assert.match(partly.stderr, /Made 1 documents in goods; 2 were refused/);
  const all = await done(['list', 'goods', '--filter', 'total>=1', '--filter', 'total<140', '--sort=-total', '--all', '--json']);
  assert.deepEqual([all.values().length, all.values()[0].total], [140, 139]);
  const table = await done(['list', 'goods', '--limit', '2', '--sort', 'total', '--columns', 'id,total']);
  assert.equal(table.stdout, 'id  total\ng0      0\ng1      1\n');
  assert.match(table.stderr, /There are more: --all for all of them, or --after \S+/);
  const patched = await done(['patch', 'goods', 'g1', '{"total":5}', '--request-id', 'patch-1', '--json']);
  assert.deepEqual([patched.values()[0].version, patched.values()[0].total], [2, 5]);
  const again = await done(['patch', 'goods', 'g1', '{"total":5}', '--request-id', 'patch-1', '--json']);
  assert.equal(again.values()[0].version, 2, 'a repeat takes effect once');
  const stale = await run(['replace', 'goods', 'g1', '{"total":6}', '--if-match', '"nothing"', '--json']);
  assert.deepEqual([stale.code, stale.stdout, JSON.parse(stale.stderr).error.code], [1, '', 'PRECONDITION_FAILED']);
  await done(['delete', 'goods', 'g1', 'g2']);
  const gone = await run(['get', 'goods', 'g0', 'g1']);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /godwit: .* \(NOT_FOUND\)\. Check the path and the id\.\n$/);
  const batch = await run(['batch', '[{"method":"GET","path":"/goods/g0"},{"method":"GET","path":"/goods/g1"}]', '--json']);
  assert.deepEqual([batch.code, batch.values().map(({ statusCode }) => statusCode)], [1, [200, 404]]);
  const atomic = await run(['batch', '--atomic', '[{"method":"DELETE","path":"/goods/g0"},{"method":"GET","path":"/goods/g1"}]']);
  assert.deepEqual([atomic.code, /BATCH_FAILED/.test(atomic.stderr)], [1, true]);
  await done(['get', 'goods', 'g0']);
});

test('messages: published in the order of the lines, polled, subscribed to, acknowledged', async () => {
  const sent = await done(['publish', 'demo.lines', '-', '--json'], { stdin: `${Array.from({ length: 250 }, (_, n) => n).join('\n')}\n` });
  assert.equal(sent.values().length, 250);
  const { stdout } = await done(['publish', 'demo.text', 'hello', '--text', '--request-id', 'once', '--json']);
  assert.equal((await done(['publish', 'demo.text', 'hello', '--text', '--request-id', 'once', '--json'])).stdout, stdout, 'a repeat is the same message');
  const polled = await done(['poll', 'demo.**', '--after', 'earliest', '--limit', '1000', '--json']);
  assert.deepEqual(
    polled
      .values()
      .slice(0, -1)
      .map(({ data }) => data),
    [...Array.from({ length: 250 }, (_, n) => n), 'hello'],
  );
  assert.equal(polled.values().at(-1).cursor, polled.values().at(-2).cursor);
  for (const transport of ['websocket', 'longpoll']) {
    const some = await done(['subscribe', 'demo.**', '--after', 'earliest', '--count', '251', '--json', '--transport', transport]);
    assert.deepEqual(some.values(), polled.values().slice(0, -1), transport);
  }
  const first = await done(['subscribe', 'demo.**', '--name', 'worker', '--after', 'earliest', '--count', '10', '--json']);
  const second = await done(['subscribe', 'demo.**', '--name', 'worker', '--count', '241', '--json']);
  assert.deepEqual(
    [...first.values(), ...second.values()].map(({ messageId }) => messageId),
    polled
      .values()
      .slice(0, -1)
      .map(({ messageId }) => messageId),
    'a durable one goes on where the run before ended',
  );
  assert.equal((await done(['subscriptions', 'show', 'worker', '--json'])).values()[0].pending, 0);
  await done(['subscriptions', 'delete', 'worker']);
  const few = await run(['subscribe', 'nothing.**', '--timeout', '100ms', '--count', '1']);
  assert.equal(few.code, 1);
  assert.equal((await run(['subscribe', 'nothing.**', '--timeout', '100ms'])).code, 0);
});

test('Ctrl-C acknowledges what was printed and ends with 130; a closed pipe ends quietly with 0', { skip: process.platform === 'win32' }, async () => {
  await done(['subscriptions', 'create', 'stopped', 'stop.**']);
  const running = startCommand(['subscribe', 'stop.**', '--name', 'stopped', '--json'], { url: server.url });
  await done(['publish', 'stop.1', '{"n":1}']);
  await running.says('"n":1');
  running.child.kill('SIGINT');
  const ended = await running.ended;
  assert.deepEqual([ended.code, ended.stderr], [130, '']);
  assert.equal((await done(['subscriptions', 'show', 'stopped', '--json'])).values()[0].pending, 0);

  const bin = fileURLToPath(new URL('../bin/godwit.js', import.meta.url));
  const script = `{ '${process.execPath}' '${bin}' subscribe 'demo.**' --after earliest; echo "ended $?" >&2; } | head -n 1`;
  const shell = spawn('sh', ['-c', script], {
    env: { PATH: process.env.PATH, GODWIT_URL: server.url, GODWIT_ADMIN_KEY: ADMIN_KEY },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  shell.stdout.on('data', (chunk: Buffer) => (out += chunk));
  shell.stderr.on('data', (chunk: Buffer) => (err += chunk));
  const closed = new Promise((resolve) => shell.once('close', resolve));
  // A closed pipe is noticed by the next line that is written to it: all that there was may have been written before.
  await done(['publish', 'demo.pipe', '1']);
  await new Promise<void>((resolve) => {
    const look = (): void => void (out.includes('\n') && resolve());
    shell.stdout.on('data', look);
    look();
  });
  await done(['publish', 'demo.pipe', '2']);
  await closed;
  assert.equal(out.split('\n').length, 2, out);
  assert.match(err, /ended 0\n$/);
});

test('standard output that takes nothing, as on a full disk, is one sentence and exit code 1', { skip: process.platform !== 'linux' }, async () => {
  const bin = fileURLToPath(new URL('../bin/godwit.js', import.meta.url));
  await done(['publish', 'demo.full', '1']);
  for (const words of [
    'help',
    'publish demo.full 2',
    'publish demo.full 2 --json',
    "subscribe 'demo.**' --after earliest",
    "poll 'demo.**' --after earliest",
  ]) {
    const shell = spawn('sh', ['-c', `exec '${process.execPath}' '${bin}' ${words} > /dev/full`], {
      env: { PATH: process.env.PATH, GODWIT_URL: server.url, GODWIT_ADMIN_KEY: ADMIN_KEY },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    shell.stderr.on('data', (chunk: Buffer) => (err += chunk));
    const code = await new Promise((resolve) => shell.once('close', resolve));
    assert.equal(code, 1, words);
    assert.match(err, words.endsWith('--json') ? /^\{"error":\{"code":"ENOSPC".*\n$/ : /^(?:Subscribed to .*\n)?godwit: .*\(ENOSPC\)\.\n$/, words);
  }
});

test('keys and tokens: shown where they are made and nowhere else', async () => {
  const made = (
    await done(['keys', 'create', '--scope', 'subscribe:a.**,publish:a.**', '--name', 'narrow', '--messages-per-second', '7', '--json'])
  ).values()[0];
  const listed = await done(['keys', 'list']);
  assert(listed.stdout.includes(made.id) && !listed.stdout.includes(made.key));
  const narrow = { GODWIT_KEY: made.key as string };
  await done(['publish', 'a.b', '1'], { env: narrow });
  const refused = await run(['publish', 'b', '1', '--json'], { env: narrow });
  assert.deepEqual([refused.code, JSON.parse(refused.stderr).error.code], [1, 'FORBIDDEN']);
  const token = (await done(['tokens', 'create', '--ttl', '1m', '--scope', 'publish:a.*'], { env: narrow })).stdout.trim();
  await done(['publish', 'a.c', '1'], { env: { GODWIT_TOKEN: token } });
  await done(['keys', 'revoke', made.id]);
  const revoked = await run(['publish', 'a.b', '1'], { env: narrow });
  assert.deepEqual([revoked.code, revoked.stderr.includes(made.key)], [1, false]);
});

test('a subscription that is refused is one sentence, or with --json one object, and no stack', async () => {
  for (const [words, code, env] of [
    [['demo.**', '--after', 'nonsense'], 'INVALID_CURSOR', {}],
    [['demo.**', '--name', 'bad!'], 'VALIDATION_FAILED', {}],
    [['demo.**'], 'UNAUTHENTICATED', { GODWIT_KEY: 'not-a-key-of-this-server' }],
    [['demo.**', '--transport', 'longpoll'], 'UNAUTHENTICATED', { GODWIT_KEY: 'not-a-key-of-this-server' }],
  ] as const) {
    const program = await run(['subscribe', ...words, '--json'], { env });
    assert.deepEqual([program.code, program.stdout, JSON.parse(program.stderr).error.code], [1, '', code], words.join(' '));
    const person = await run(['subscribe', ...words], { env });
    assert.match(person.stderr, new RegExp(`^godwit: [^\\n]*\\(${code}\\)\\.[^\\n]*\\n$`), words.join(' '));
  }
});

test('a server that is not there is told of at once, with exit code 3', async () => {
  for (const words of [['stats'], ['subscribe', 'a'], ['publish', 'a', '-'], ['import', join(root, 'none')]]) {
    const ended = await runCommand([...words], { url: 'http://127.0.0.1:9', cwd: root, stdin: '1\n' });
    if (words[0] === 'import') assert.deepEqual([ended.code, /There is no file/.test(ended.stderr)], [1, true]);
    else assert.deepEqual([ended.code, /cannot be reached/.test(ended.stderr), ended.stdout], [3, true, ''], words.join(' '));
  }
});

test('config tells where each setting comes from; stats and connections tell of a server', async () => {
  await writeFile(join(root, 'own.config.json'), '{"ackWait":"5s","heartbeatInterval":"9s"}');
  const words = ['config', '--changed', '--json', '--', '--config', 'own.config.json', '--heartbeat-interval', '10s'];
  const rows = (await done(words, { env: { GODWIT_POLL_TIMEOUT: '20s' } })).values();
  assert.deepEqual(
    rows.filter(({ name }) => name !== 'config').map(({ name, value, source }) => [name, value, (source as string).replace(/.*\//, '')]),
    [
      ['heartbeatInterval', '10s', '--heartbeat-interval'],
      ['pollTimeout', '20s', 'GODWIT_POLL_TIMEOUT'],
      ['ackWait', '5s', 'own.config.json'],
    ],
  );
  const unknown = await run(['config', '--', '--prot', '1']);
  assert.deepEqual([unknown.code, /did you mean --port\?.*\(CONFIG\)/.test(unknown.stderr)], [2, true], unknown.stderr);
  assert.equal((await run(['config'], { env: { GODWIT_ACK_WAIT: 'abc' } })).code, 1);
  const limits = (await done(['config', '--server', '--json'])).values();
  assert.equal(limits.find(({ name }) => name === 'ackWait').value, '30s');
  assert.equal(typeof (await done(['stats', '--json'])).values()[0].uptime, 'number');
  const running = startCommand(['subscribe', 'quiet.**'], { url: server.url });
  await running.says('Subscribed');
  const [connection] = (await done(['connections', 'list', '--json'])).values();
  assert.equal(connection.transport, 'websocket');
  assert.equal((await done(['connections', 'end', connection.id, '--json'])).values()[0].ended, true);
  running.child.kill('SIGTERM');
  assert.equal((await running.ended).code, 130);
});

test('bench measures what it says, with a key that is gone afterwards; spec runs scenarios', async () => {
  const keys = async (): Promise<number> => (await done(['keys', 'list', '--json'])).values().length;
  const before = await keys();
  const bench = await done([
    'bench',
    '--duration',
    '300ms',
    '--connections',
    '2',
    '--in-flight',
    '2',
    '--subscribers',
    '3',
    '--rate',
    '100',
    '--processes',
    '2',
    '--json',
  ]);
  const [publish, fanOut] = bench.values();
  assert.deepEqual([publish.measurement, publish.failed, publish.count > 0, publish.p50 <= publish.p99], ['publish', 0, true, true]);
  assert.deepEqual([fanOut.measurement, fanOut.failed, fanOut.count > 0, fanOut.count % 1], ['fan-out', 0, true, 0]);
  assert.equal(await keys(), before);
  const spec = await done(['spec', '--only', '10.3', '--json']);
  assert.deepEqual([...new Set(spec.values().map(({ result }) => result))], ['ok']);
  const refused = await run(['spec'], { env: { GODWIT_KEY: 'not-a-key-of-this-server' } });
  assert.deepEqual([refused.code, /UNAUTHENTICATED/.test(refused.stderr)], [1, true]);
});

test('completion knows every command', { skip: process.platform === 'win32' }, async () => {
  const { stdout } = await done(['completion', 'bash']);
  const tried = async (line: string): Promise<string[]> => {
    const words = line.split(' ');
    const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _godwit; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    await new Promise((resolve) => child.once('close', resolve));
    return out.trim().split('\n');
  };
  assert.deepEqual(await tried('godwit pub'), ['publish']);
  assert.deepEqual(await tried('godwit keys c'), ['create']);
  assert.deepEqual(await tried('godwit keys create --sc'), ['--scope']);
  assert.deepEqual(await tried('godwit serve --heart'), ['--heartbeat-interval']);
});
