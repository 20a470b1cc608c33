// What README.md and the guides show works: their shell blocks run in order, pasted as they stand, against the built server, their TypeScript
// blocks are type-checked and run, their links lead somewhere. Only ports and keys are put in. Blocks of other languages are for reading.
//
// A shell block is run when it has a curl or an `npx godwit` in it; `npm` lines are only looked up. A comment `# answers 409` stands before a curl that is refused. A ts block
// begins with its file's name: `godwit.config.ts` is what the server is started with from there on, and what is not imported by another is a program, which must get
// to its end, print no error, and end well where it ends by itself.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../packages/server/config.ts';
import { ADMIN_KEY, type ServerProcess, startProcess } from '../packages/server/testing/process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = ['README.md', ...readdirSync(join(root, 'docs/guides')).map((name) => `docs/guides/${name}`)];
const SCRIPT_MS = 60_000;
const OPTIONS = { noEmit: true, composite: false, declaration: false, skipLibCheck: true, types: ['node'] };
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const posix = process.platform !== 'win32';

interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

const blocksOf = (document: string): Block[] => {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((found) => ({
    language: found[1] as string,
    text: found[2] as string,
    line: text.slice(0, found.index).split('\n').length,
  }));
};

const fileName = (block: Block): string => /^\/\/ ([\w.-]+\.ts)\b/.exec(block.text)?.[1] ?? '';
const programsOf = (blocks: readonly Block[]): Block[] => blocks.filter(({ language }) => language === 'ts');
const isImported = (name: string, blocks: readonly Block[]): boolean => programsOf(blocks).some(({ text }) => text.includes(`from './${name}'`));

const workspace = mkdtempSync(join(tmpdir(), 'godwit-readme-'));
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(workspace, { recursive: true, force: true, maxRetries: 5 });
});

const folderOf = (document: string): string => {
  const folder = join(workspace, document.replaceAll(/\W/g, '-'));
  if (!existsSync(folder)) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  }
  return folder;
};

/** The curl that blocks meet: it writes down what it was answered, and lets go of a stream after a moment. */
const curlIn = (folder: string): string => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const real = spawnSync('sh', ['-c', 'command -v curl'], { encoding: 'utf8' }).stdout.trim();
  const script = `#!/bin/sh
stream=
for word; do [ "$word" = -N ] && stream=1; done
head=$(mktemp)
'${real}' -sS -D "$head" --max-time "$([ -n "$stream" ] && echo 1 || echo 30)" "$@"
code=$?
status=$(sed -n 's/^HTTP[^ ]* \\([0-9]*\\).*/\\1/p' "$head" | tail -n 1)
rm -f "$head"
echo "\${EXPECT:-2xx} \${status:-none} $*" | tr '\\n' ' ' >> '${folder}/answers'
echo >> '${folder}/answers'
[ -n "$stream" ] && [ $code = 28 ] && code=0
exit $code
`;
  // The command of this build, as npx would find it; nothing else is run by that name.
  const npx = `#!/bin/sh\n[ "$1" = godwit ] || exit 99\nshift\nexec '${process.execPath}' '${join(root, 'packages/server/bin/godwit.js')}' "$@"\n`;
  for (const [name, text] of Object.entries({ curl: script, npx })) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
};

const start = async (folder: string, port?: string): Promise<ServerProcess> => {
  const flags = ['--host', '::', ...(port === undefined ? [] : ['--port', port])];
  const server = await startProcess({ data: join(folder, 'godwit-data'), cwd: folder, flags, onSpawn: (child) => running.add(child) });
  assert.notEqual(server.url, '', `the server starts: ${server.stderr()}`);
  return server;
};

const portOf = (url: string): string => new URL(url).port;

interface Program {
  readonly file: string;
  readonly child: ChildProcess;
  /** Whether there is a server in it. */
  readonly embeds: boolean;
  /** Resolves when it has ended and all that it said has come. */
  readonly closed: Promise<unknown>;
  output(): string;
  errors(): string;
  /** Resolves when its text was carried out to the end, after which only what listens or follows goes on, or when it has ended. */
  readonly through: Promise<void>;
  /** Resolves when the output fits; fails when it has not in time, or the program has ended. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Said behind all that a program says itself, and taken out of it. */
const THROUGH = '\u0004';

const run = (folder: string, file: string): Program => {
  const whole = `import('./${file}').then(() => process.stdout.write('${THROUGH}'))`;
  const env = { PATH: process.env['PATH'], KEY: ADMIN_KEY };
  const child = spawn(process.execPath, ['-e', whole], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  let errors = '';
  const closed = once(child, 'close');
  const through = Promise.withResolvers<void>();
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    if (!output.includes(THROUGH)) return;
    output = output.replace(THROUGH, '');
    through.resolve();
  });
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
  const late = setTimeout(() => through.reject(new Error(`${file} does not get to its end: ${output}${errors}`)), SCRIPT_MS);
  closed.then(
    () => through.resolve(),
    (error) => through.reject(error),
  );
  // Who waits for something that it says does not wait for this.
  through.promise.catch(() => {}).finally(() => clearTimeout(late));
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${file} did not say ${pattern}: ${output}${errors}`)), SCRIPT_MS);
      const look = (): void => {
        const found = pattern.exec(output);
        if (found === null) return;
        clearTimeout(late);
        resolve(found);
      };
      child.stdout.on('data', look);
      child.on('close', (code) => {
        clearTimeout(late);
        const found = pattern.exec(output);
        if (found === null) reject(new Error(`${file} ended with ${code} before it said ${pattern}: ${output}${errors}`));
        else resolve(found);
      });
      look();
    });
  const embeds = readFileSync(join(folder, file), 'utf8').includes('createServer(');
  return { file, child, embeds, closed, output: () => output, errors: () => errors, through: through.promise, says };
};

const shell = (folder: string, bin: string, block: Block, ports: ReadonlyMap<string, string>): Promise<string> => {
  let text = block.text.replace(/^export (KEY|GODWIT_KEY)=.*$/m, `export $1=${ADMIN_KEY}`).replaceAll(/^# answers (\d+).*$/gm, 'EXPECT=$1 \\');
  for (const [from, to] of ports) text = text.replaceAll(`localhost:${from}`, `localhost:${to}`);
  const state = join(folder, 'state.sh');
  writeFileSync(join(folder, 'block.sh'), `set -ea\n[ -f '${state}' ] && . '${state}'\n${text}\nexport -p > '${state}'\n`);
  const child = spawn('sh', ['block.sh'], {
    cwd: folder,
    env: {
      PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH']}`,
      KEY: ADMIN_KEY,
      GODWIT_URL: `http://localhost:${ports.get('7117')}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), SCRIPT_MS);
    child.on('close', (code) => {
      clearTimeout(late);
      if (code === 0) resolve(output);
      else reject(new Error(`line ${block.line}: the block ended with ${code}: ${output}`));
    });
  });
};

/** Ends what goes on; what ended by itself ended with 0, a server in it drained, and none of them printed an error. */
const endedWell = async ({ file, child, closed, errors, embeds }: Program): Promise<void> => {
  child.kill();
  await closed;
  assert.equal(errors(), '', file);
  assert(child.exitCode === 0 || (child.signalCode === 'SIGTERM' && !embeds), `${file} ended with ${child.exitCode ?? child.signalCode}`);
};

/** Begun before the tests, which it does not hold up. */
const typesChecked = ((): Promise<string> => {
  const files = DOCUMENTS.flatMap((document) => {
    const folder = folderOf(`types ${document}`);
    return programsOf(blocksOf(document)).map((block) => {
      writeFileSync(join(folder, fileName(block)), block.text);
      return join(folder, fileName(block));
    });
  });
  assert(files.length >= 3, 'TypeScript is found');
  writeFileSync(join(workspace, 'tsconfig.json'), JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions: OPTIONS, files }));
  symlinkSync(join(root, 'node_modules'), join(workspace, 'node_modules'));
  const child = spawn(process.execPath, [join(root, 'node_modules/.bin/tsc'), '-p', workspace], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  return new Promise((resolve) => child.on('close', (code) => resolve(code === 0 ? '' : `${code} ${output}`)));
})();

test('the TypeScript blocks type-check', async () => {
  assert.equal(await typesChecked, '');
});

describe('the blocks run', { concurrency: 3 }, () => {
  for (const document of DOCUMENTS) {
    test(`of ${document}`, { skip: !(hasCurl && posix) && 'needs curl and a POSIX shell' }, async () => {
      const blocks = blocksOf(document);
      const folder = folderOf(document);
      const bin = curlIn(folder);
      let server = await start(folder);
      const ports = new Map([['7117', portOf(server.url)]]);
      const programs: Program[] = [];
      for (const block of blocks) {
        if (block.language === 'sh' && /\bcurl\b|\bnpx godwit\b/.test(block.text)) await shell(folder, bin, block, ports);
        if (block.language !== 'ts') continue;
        const name = fileName(block);
        assert.notEqual(name, '', `${document}:${block.line} begins with its file's name`);
        let text = block.text.replace(/\bport: 71\d\d\b/, 'port: 0');
        for (const [from, to] of ports) text = text.replaceAll(`localhost:${from}`, `localhost:${to}`);
        writeFileSync(join(folder, name), text);
        if (name === 'godwit.config.ts') {
          server.kill();
          await server.exited;
          server = await start(folder, ports.get('7117'));
        } else if (!isImported(name, blocks)) {
          const program = run(folder, name);
          programs.push(program);
          await program.through;
          const port = /localhost:(\d+)/.exec(program.output())?.[1];
          if (port !== undefined) ports.set('7118', port);
        }
      }
      for (const program of programs) await endedWell(program);
      server.kill();
      assert.equal((await server.exited).code, 0);
      const answers = existsSync(join(folder, 'answers')) ? readFileSync(join(folder, 'answers'), 'utf8').trim().split('\n') : [];
      const wrong = answers.filter((answer) => !/^2xx 2\d\d |^(\d+) \1 /.test(answer));
      assert.deepEqual(wrong, [], document);
      const curls = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => [...text.matchAll(/\bcurl\s+(?:-|"|local|\$)/g)]).length;
      assert.equal(answers.length, curls, 'every curl was answered');
    });
  }
});

test('what one reader sends to one server is named apart: no requestId stands twice', () => {
  const documents = [
    ...DOCUMENTS,
    ...readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?:^|\/)README\.md$/.test(name))
      .map((name) => `examples/${name}`),
  ];
  const idsOf = (path: string): string[] =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/\brequestId"?: ?["']([^"'\n]+)["']/g)].map(([, id = '']) => id);
  // The reference shows its requests several times over.
  const all = [...documents.flatMap(idsOf), ...new Set(idsOf('docs/reference/examples.json'))];
  assert(all.length > 50, 'they are found');
  assert.deepEqual(
    all.filter((id, index) => all.indexOf(id) !== index),
    [],
  );
});

test('each example keeps its data beside its own files', async () => {
  const names = readdirSync(join(root, 'examples')).filter((name) => existsSync(join(root, 'examples', name, 'godwit.config.ts')));
  assert(names.length >= 3, 'they are found');
  for (const name of names) {
    const { data } = await loadConfig({ argv: ['--config', `examples/${name}/godwit.config.ts`], env: {}, cwd: root });
    assert.equal(data, join(root, 'examples', name, 'godwit-data'));
  }
});

test('a backup of a store that is not there is none', { skip: !posix && 'needs a POSIX shell' }, () => {
  const guide = readFileSync(join(root, 'docs/guides/operating.md'), 'utf8');
  const commands = [/^node_modules\/\.bin\/node -e .*VACUUM INTO.*$/m.exec(guide)?.[0], /`(sqlite3 [^`]*VACUUM INTO[^`]*)`/.exec(guide)?.[1]];
  for (const command of commands) {
    assert(command !== undefined, 'the guide says it');
    const folder = folderOf(`backup ${commands.indexOf(command)}`);
    mkdirSync(join(folder, 'backup'));
    mkdirSync(join(folder, 'godwit-data'));
    const { status } = spawnSync('sh', ['-c', command.replace('godwit.db', 'gdwit.db')], { cwd: folder });
    assert.notEqual(status, 0, command);
    assert.deepEqual([readdirSync(join(folder, 'backup')), readdirSync(join(folder, 'godwit-data'))], [[], []], command);
  }
});

test('the npm scripts that are shown are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  for (const document of DOCUMENTS) {
    for (const [, name] of readFileSync(join(root, document), 'utf8').matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:]+)/g)) {
      assert(name !== undefined && name in scripts, `${document}: npm ${name}`);
    }
  }
});

test('the links lead somewhere', () => {
  for (const document of [...DOCUMENTS, 'docs/protocol.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    const text = readFileSync(join(root, document), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
    for (const [, target = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const path = target === '' ? join(root, document) : join(root, dirname(document), target);
      assert(existsSync(path), `${document}: ${target}`);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(/\s/g, '-'),
      );
      assert(headings.includes(anchor), `${document}: ${target}#${anchor}`);
    }
  }
});

test('the client of subscribing.md goes on where it was, across a killed server and its own end', { skip: !posix && 'needs POSIX signals' }, async () => {
  const folder = folderOf('resume');
  let server = await start(folder);
  const port = portOf(server.url);
  const block = blocksOf('docs/guides/subscribing.md').find((each) => fileName(each) === 'follow.ts');
  writeFileSync(join(folder, 'follow.ts'), (block as Block).text.replace('localhost:7117', `localhost:${port}`));
  let sent = 0;
  const publish = async (): Promise<void> => {
    const n = ++sent;
    const response = await fetch(`http://localhost:${port}/v1/topics/demo.${n}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ requestId: `resume-${n}`, data: n }),
    });
    assert.equal(response.status, 201);
  };
  const first = run(folder, 'follow.ts');
  await publish();
  await first.says(/demo\.1 1\n/);
  server.kill('SIGKILL');
  await server.exited;
  server = await start(folder, port);
  await publish();
  await publish();
  await first.says(/demo\.3 3\n/);
  assert.equal(first.output(), 'demo.1 1\ndemo.2 2\ndemo.3 3\n');
  first.child.kill();
  await publish();
  const second = run(folder, 'follow.ts');
  await second.says(/demo\.4 4\n/);
  assert.match(second.output(), /^(demo\.3 3\n)?demo\.4 4\n$/, 'at least once: the end may have come before the cursor was stored');
  second.child.kill();
  server.kill('SIGKILL');
});
