import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const workspace = pathToFileURL(`${import.meta.dirname}/workspace.mjs`).href;

/** A launcher, as `npm start` is one, around a program that says when it is up. */
async function launch(program) {
  const code = `import(${JSON.stringify(workspace)}).then(({ becomeNode }) => becomeNode(['-e', ${JSON.stringify(program)}]))`;
  const launcher = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  launcher.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await once(launcher.stdout, 'data');
  return { launcher, ended: once(launcher, 'close'), said: () => said };
}

test('the exit code is passed on', async () => {
  const { ended } = await launch("console.log('up'); process.exitCode = 7");
  assert.deepEqual(await ended, [7, null]);
});

test("a Ctrl-C that arrives twice, from terminal and npm, is told once, and the program's own end is awaited", async () => {
  const program = "process.on('SIGINT', () => { console.log('told'); setTimeout(() => process.exit(3), 100) }); setInterval(() => {}, 1000); console.log('up')";
  const { launcher, ended, said } = await launch(program);
  launcher.kill('SIGINT');
  launcher.kill('SIGINT');
  assert.deepEqual(await ended, [3, null]);
  assert.equal(said(), 'up\ntold\n');
});

test('a program that a signal ended is told as a shell tells it', async () => {
  const { ended } = await launch("console.log('up'); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 10); setInterval(() => {}, 1000)");
  assert.deepEqual(await ended, [137, null]);
});
