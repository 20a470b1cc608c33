// Programs that tests need and npm does not bring: found by a variable, else by their names on the PATH, else installed where that can be done unasked
// (root on Debian), else asked for in one sentence.
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INSTALL_MS = 600_000;
/** Where daemons are, which are not on everybody's PATH. */
const MORE = ['/usr/sbin', '/sbin'];

export interface Wanted {
  /** What people call it. */
  readonly title: string;
  readonly names: readonly string[];
  /** Debian's package. */
  readonly debian: string;
  /** The variable that may name the program. */
  readonly variable: string;
}

const isProgram = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

const onPath = async (names: readonly string[]): Promise<string | undefined> => {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter).filter((part) => part !== ''), ...MORE]) {
    for (const name of names) if (await isProgram(join(folder, name))) return join(folder, name);
  }
  return undefined;
};

/** Debian's own package, fetched once: a machine that builds and tests has no one to ask. Daemons are not started by it. */
const install = async ({ debian, names }: Wanted): Promise<string | undefined> => {
  if (process.getuid?.() !== 0 || (await onPath(['apt-get'])) === undefined) return undefined;
  const options = { timeout: INSTALL_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } };
  // Two test files at once must not stand in each other's way: the second waits for the lock and then finds all there.
  const patient = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2'];
  await run('apt-get', [...patient, 'update'], options).catch(() => undefined);
  await run('apt-get', [...patient, 'install', '-y', '--no-install-recommends', debian], options).catch(() => undefined);
  return onPath(names);
};

/** The program's path. Throws one sentence where it is not there and cannot be installed. */
export const findProgram = async (wanted: Wanted): Promise<string> => {
  const { title, names, debian, variable } = wanted;
  const named = process.env[variable];
  if (named !== undefined && named !== '') {
    if (await isProgram(named)) return named;
    throw new Error(`${variable} is ${JSON.stringify(named)}, which is no program: let it name ${title}, or unset it.`);
  }
  const found = (await onPath(names)) ?? (await install(wanted));
  if (found !== undefined) return found;
  throw new Error(`No ${title} was found: install it (\`apt-get install ${debian}\`), or let the variable ${variable} name the program.`);
};
