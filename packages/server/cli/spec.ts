// `godwit spec`: the executable specification, which the build puts beside this program. It is a program of its own: it knows servers from outside only, and nothing
// here is imported by it or imports it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Run } from './frame/call.ts';
import { needCredentials } from './frame/connection.ts';
import { CommandError } from './frame/failure.ts';

const PROGRAM = fileURLToPath(new URL('../spec/main.js', import.meta.url));
const OWN_COMMAND = fileURLToPath(new URL('../../bin/godwit.js', import.meta.url));

export const spec: Run<'spec'> = async (call) => {
  const { flags, output, signal, env } = call;
  if (!existsSync(PROGRAM))
    throw new CommandError('The specification is not part of this build', {
      code: 'ABSENT',
      remedy: 'Run `npm run build` in the workspace, or `npm run spec`.',
    });
  const named = (call.flags as { readonly url?: string }).url || env['GODWIT_URL'];
  const ownOnly = flags.own && (named ?? '') === '';
  const whom = await call.whom();
  if (!ownOnly) {
    needCredentials(whom);
    // One request first: a wrong address or key is told in a sentence, not by a hundred failures.
    await (await call.connect()).request('GET', '/keys', { signal });
  }
  const words = [
    ...(ownOnly ? [] : ['--url', whom.url]),
    ...(flags.own ? ['--serve', 'own'] : []),
    ...(flags.only === undefined ? [] : ['--only', flags.only]),
    '--at-once',
    String(flags['at-once']),
    ...(output.json ? ['--lines'] : []),
  ];
  // The key goes by the environment: words of a program are seen by every user of the machine.
  const environment = { ...env, GODWIT_SPEC_OWN: OWN_COMMAND, ...(ownOnly ? {} : { GODWIT_SPEC_KEY: whom.key ?? whom.token }) };
  const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: 'inherit', env: environment });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  signal.removeEventListener('abort', stop);
  if (signal.aborted) throw signal.reason;
  return code;
};
