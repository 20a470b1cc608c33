// The frame of the command, without a server: words and flags by the table, help, what is asked and as whom, lines, tables, progress, patience.
import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { GodwitError } from '@godwit/client';
import { LOADERS } from '../loaders.ts';
import { below, COMMANDS, findCommand, PREFIXES } from '../table.ts';
import { whom } from './connection.ts';
import { failureOf, sentenceOf } from './failure.ts';
import { commandHelp, overview, usageOf } from './help.ts';
import { type Line, readLines } from './input.ts';
import { Output, plain } from './output.ts';
import { parseCommand } from './parse.ts';
import { patiently } from './patience.ts';
import { Progress, spanText } from './progress.ts';
import { flagsOf, type Row } from './row.ts';
import { UsageError } from './usage.ts';

const parse = (name: string, ...argv: string[]) => parseCommand(findCommand(name) as Row, argv);
const refusal = (name: string, ...argv: string[]): string => {
  try {
    parse(name, ...argv);
  } catch (error) {
    assert(error instanceof UsageError);
    assert.equal(error.command, name);
    return error.message;
  }
  return assert.fail('was taken');
};

test('flags have their types and defaults', () => {
  const { words, flags } = parse('list', 'orders', '--filter', 'a=1,2', '--filter=b=3', '--columns', 'id, total,', '--all');
  assert.deepEqual(words, { collection: 'orders' });
  assert.deepEqual(
    [flags.filter, flags.columns, flags.all, flags.limit, flags.sort, flags.json],
    [['a=1,2', 'b=3'], ['id', 'total'], true, 50, undefined, false],
  );
  assert.equal(parse('poll', 'a', '--wait', '1.5s').flags.wait, 1500);
  assert.deepEqual(parse('subscribe', 'a', 'b.**').words, { pattern: ['a', 'b.**'] });
  assert.deepEqual(parse('publish', 'a', '-').words, { topic: 'a', data: '-' });
  assert.deepEqual(parse('publish', 'a', '--', '-5').words, { topic: 'a', data: '-5' });
  assert.equal(parse('list', 'orders', '--sort', '-total').flags.sort, '-total');
  assert.deepEqual(parse('config', '--changed', '--', '--port', '80').words, { flags: ['--port', '80'] });
});

test('what is unknown or ill-formed is refused, with what was probably meant and without what was given', () => {
  assert.equal(refusal('list', 'a', '--limt', '3'), 'godwit list has no flag --limt; did you mean --limit?');
  assert.match(refusal('list', 'a', '-l', '3'), /has no flag -l; a word that begins with - stands behind --/);
  assert.match(refusal('list', 'a', '--limit', '0'), /--limit must be a whole number from 1 on/);
  assert.match(refusal('list', 'a', '--limit'), /--limit needs a value/);
  assert.match(refusal('list', 'a', '--limit', '--all'), /--limit needs a value/);
  assert.match(refusal('list', 'a', '--all=yes'), /--all takes no value/);
  assert.match(refusal('list'), /needs <collection>/);
  assert.match(refusal('subscribe'), /needs <pattern>/);
  assert.match(refusal('subscribe', 'a', '--transport', 'pigeon'), /must be one of auto, websocket, longpoll/);
  assert.match(refusal('poll', 'a', '--wait', '5'), /must be a duration/);
  assert(!refusal('list', 'orders', 'gdw_secret').includes('gdw_secret'));
});

test('the table holds together: every command has what carries it out, its examples parse, and its help names every flag', () => {
  const names = COMMANDS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(Object.keys(LOADERS).sort(), names.filter((name) => !['serve', 'help'].includes(name)).sort());
  for (const row of COMMANDS as readonly Row[]) {
    const help = commandHelp(row);
    assert(help.includes(usageOf(row)), row.name);
    for (const name of Object.keys(flagsOf(row))) assert(help.includes(`--${name}`), `${row.name} --${name}`);
    for (const line of help.split('\n')) assert(line.length <= 100 || line.startsWith('  godwit') || line.includes('| godwit'), line);
    assert(row.examples.length > 0, row.name);
    for (const { line } of row.examples) {
      const words = shellWords(/godwit [^|<>)]*/.exec(line.replaceAll('\\|', ''))?.[0] ?? '').slice(1);
      const own = words.slice(row.name.split(' ').length);
      assert.equal(words.slice(0, row.name.split(' ').length).join(' '), row.name, line);
      if (row.raw !== true) parseCommand(row, own);
    }
  }
  for (const prefix of PREFIXES) assert(below(prefix).length > 1 || prefix === 'tokens', prefix);
  for (const name of names) assert(overview().includes(name.split(' ')[0] as string), name);
});

/** As a shell splits a line, as far as the examples go. */
const shellWords = (line: string): string[] => [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three ?? '');

test('whom: flags win over the environment, the narrower over the wider; secrets stay out of URLs', () => {
  const none = { url: undefined, key: undefined, token: undefined };
  assert.deepEqual(whom(none, {}), { url: 'http://localhost:7117', key: undefined, token: undefined });
  const env = { GODWIT_URL: 'https://a.example/below/v1/', GODWIT_KEY: 'k', GODWIT_ADMIN_KEY: 'a', GODWIT_TOKEN: 't' };
  assert.deepEqual(whom(none, env), { url: 'https://a.example/below', key: undefined, token: 't' });
  assert.deepEqual(whom(none, { ...env, GODWIT_TOKEN: '' }).key, 'k');
  assert.deepEqual(whom(none, { GODWIT_ADMIN_KEY: 'a' }).key, 'a');
  assert.deepEqual(whom({ ...none, key: 'mine', url: 'http://b.example' }, env), { url: 'http://b.example', key: 'mine', token: undefined });
  assert.throws(() => whom({ ...none, key: 'k', token: 't' }, {}), UsageError);
  for (const text of ['c2l4dGVlbi+/c2l4==', 'two words', 'schlüssel'])
    for (const [flags, own] of [[{ ...none, key: text }, {}] as const, [{ ...none, token: text }, {}] as const, [none, { GODWIT_ADMIN_KEY: text }] as const])
      assert.throws(
        () => whom(flags, own),
        (error: Error) => error instanceof UsageError && /only the characters A-Z a-z 0-9 \. _ ~ - /.test(error.message) && !error.message.includes(text),
      );
  for (const url of ['localhost:7117', 'ftp://a', 'http://user:secret@a', 'http://a?key=secret'])
    assert.throws(
      () => whom({ ...none, url }, {}),
      (error: Error) => error instanceof UsageError && !error.message.includes('secret'),
      url,
    );
});

/** All that was written since; Node 26 gives one piece at each read. */
const written = (stream: PassThrough): string => {
  let text = '';
  for (let piece = stream.read(); piece !== null; piece = stream.read()) text += String(piece);
  return text;
};

const captured = (options: { json?: boolean; tty?: boolean; env?: Record<string, string> } = {}) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  if (options.tty === true) for (const stream of [stdout, stderr]) Object.assign(stream, { isTTY: true, columns: 80 });
  const output = new Output({ stdout, stderr, json: options.json ?? false, env: options.env ?? {} });
  return { output, stdout, out: () => written(stdout), err: () => written(stderr) };
};

test('tables are aligned, numbers to the right; with --json each item is a line; nothing of a server moves the terminal', async () => {
  const items = [
    { id: 'a', n: 5, text: 'plain' },
    { id: 'bcd', n: 1234, text: '\u001b[2J\u009b31m\nx' },
  ];
  const people = captured();
  await people.output.table(['id', 'n', 'text'], items);
  assert.equal(people.out(), 'id      n  text\na       5  plain\nbcd  1234  \\u001b[2J\\u009b31m\\u000ax\n');
  const program = captured({ json: true, tty: true });
  await program.output.table(['id'], items);
  program.output.note('unseen');
  assert.deepEqual([program.out(), program.err()], [`${items.map((item) => JSON.stringify(item)).join('\n')}\n`, '']);
  assert.equal(plain('a\u202eb'), 'a\\u202eb');
});

test('standard output that fails says so to who writes and to who listens; one that is closed is no failure', async () => {
  for (const [code, name] of [
    ['ENOSPC', 'Error'],
    ['EPIPE', 'OutputClosed'],
  ]) {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('it went wrong'), { code })) });
    const closed = new Promise((resolve) => stdout.once('close', resolve));
    const output = new Output({ stdout, stderr: new PassThrough(), json: false, env: {} });
    const heard: Error[] = [];
    output.onClosed((why) => heard.push(why));
    await assert.rejects(output.line('x'), { name });
    await closed;
    await assert.rejects(output.line('y'), { name });
    output.onClosed((why) => heard.push(why));
    assert.deepEqual(
      heard.map((why) => why.name),
      [name, name],
    );
  }
});

test('colour only on a terminal, and not where NO_COLOR says no', () => {
  assert.equal(captured({ tty: true }).output.style('bold', 'x'), '\u001b[1mx\u001b[0m');
  for (const options of [{}, { tty: true, env: { NO_COLOR: '1' } }, { tty: true, env: { TERM: 'dumb' } }, { tty: true, json: true }])
    assert.equal(captured(options).output.style('bold', 'x'), 'x');
});

test('progress says rate and time left, on a terminal only, a few times a second', () => {
  let now = 0;
  const { output, err } = captured({ tty: true });
  const progress = new Progress(output, () => now);
  for (; now <= 4000; now += 10) progress.step({ doing: 'Importing x', done: now * 10, unit: 'lines', part: now / 16_000 });
  const shown = err();
  assert.equal(shown.split('\r').length - 1, 17);
  assert(shown.endsWith('Importing x: 40,000 lines, 10,000/s, 25 %, 12 s left'), shown);
  progress.step({ doing: 'Importing x', done: 40_000, unit: 'lines', part: 0.25, waiting: 'waiting 60 s for the limit of this key' });
  assert.equal(err(), '\r\u001b[KImporting x: 40,000 lines, waiting 60 s for the limit of this key', 'at once, and in the width of a terminal');
  progress.clear();
  assert.equal(err(), '\r\u001b[K');
  const quiet = captured();
  new Progress(quiet.output, () => now).step({ doing: 'x', done: 1, unit: 'y' });
  assert.equal(quiet.err(), '');
  assert.deepEqual([spanText(400), spanText(61_000), spanText(3_900_000)], ['1 s', '1 min', '1 h 5 min']);
});

test('lines come whole wherever the pieces break, with their numbers and places', async () => {
  const text = '{"a":"é"}\r\n\n{"b":2}\n{"cut';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size++) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
    const lines: Line[] = [];
    for await (const line of readLines(Readable.from(pieces))) lines.push(line);
    assert.deepEqual(
      lines.map(({ number, text: line, end, whole }) => [number, line, end, whole]),
      [
        [1, '{"a":"é"}', 12, true],
        [3, '{"b":2}', 21, true],
        [4, '{"cut', 26, false],
      ],
      `pieces of ${size}`,
    );
  }
});

test('a failure is one sentence with its code and a remedy, and knows its exit code', () => {
  const errors = [
    { field: '/data/a', message: 'is required' },
    { field: '/data/b', message: 'must be string' },
  ];
  const refused = new GodwitError({ code: 'VALIDATION_FAILED', message: '/data/a is required.', details: { errors } }, { status: 422, requestId: 'r' });
  const failure = failureOf(refused);
  assert.deepEqual([failure.exit, failure.status, failure.requestId], [1, 422, 'r']);
  assert.equal(sentenceOf(failure), '/data/a is required; /data/b must be string (VALIDATION_FAILED). details.errors names each field and the rule it breaks.');
  assert.equal(failureOf(new GodwitError({ code: 'NETWORK', message: 'No answer.' })).exit, 3);
  assert.equal(failureOf(Object.assign(new Error('ENOENT: …'), { code: 'ENOENT', path: 'x.json' })).message, 'There is no file x.json');
});

test('patience: a budget that is spent is waited out without end, an absent server for a while, a refusal not at all', async () => {
  const { signal } = new AbortController();
  const attempts = async (code: 'RATE_LIMITED' | 'UNAVAILABLE' | 'FORBIDDEN', failing: number): Promise<[string, number[]]> => {
    const waits: number[] = [];
    let count = 0;
    const attempt = async (): Promise<string> => {
      if (++count > failing) return 'done';
      throw new GodwitError({ code, message: 'x', details: { retryAfterMs: 5000 } });
    };
    const wait = async (ms: number): Promise<void> => void waits.push(ms);
    return [await patiently(attempt, signal, undefined, wait).catch(() => 'gave up'), waits];
  };
  assert.deepEqual(await attempts('RATE_LIMITED', 20), ['done', Array(20).fill(5000)]);
  assert.deepEqual(await attempts('UNAVAILABLE', 5), ['done', Array(5).fill(5000)]);
  assert.deepEqual(await attempts('UNAVAILABLE', 6), ['gave up', Array(5).fill(5000)]);
  assert.deepEqual(await attempts('FORBIDDEN', 1), ['gave up', []]);
});
