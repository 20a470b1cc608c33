// The public packages as users get them: packed by npm, installed by npm into an empty folder beside nothing of this workspace. Without a registry their
// dependencies are lent from the workspace, so that what is packed is looked at all the same. Refuses in one sentence, and leaves nothing out in silence.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** By name, and where it lives. A package comes after those that it needs. */
export const PUBLIC = [
  { name: '@godwit/protocol', folder: join(root, 'packages', 'protocol') },
  { name: '@godwit/client', folder: join(root, 'packages', 'client') },
  { name: 'godwit', folder: join(root, 'packages', 'server') },
] as const;

const INSTALL_MS = 100_000;
const QUIET = [
  '--loglevel=error',
  '--no-audit',
  '--no-fund',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=2000',
  '--fetch-timeout=20000',
];

/** What npm tells the scripts that it runs would make it take this workspace for the folder that it is in. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?:package_|lifecycle_|command$|config_local_prefix$|config_prefix$)|^INIT_CWD$/i.test(name)),
  );

const npm = (args: readonly string[], cwd: string): { readonly ok: boolean; readonly out: string; readonly said: string } => {
  const options = { cwd, encoding: 'utf8', env: environment(), timeout: INSTALL_MS, shell: process.platform === 'win32', maxBuffer: 64 * 1024 * 1024 } as const;
  const { status, stdout, stderr, error } = spawnSync('npm', [...args], options);
  if (error !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT')
    throw new Error('npm is not on the PATH: the packages cannot be packed without it.');
  return { ok: status === 0, out: stdout, said: `${stderr}${error?.message ?? ''}` };
};

/** Packs each of them into a folder; the paths of the archives. */
export const pack = (into: string): string[] =>
  PUBLIC.map(({ name, folder }) => {
    const { ok, out, said } = npm(['pack', folder, '--pack-destination', into, '--ignore-scripts', '--json', '--loglevel=error'], into);
    if (!ok) throw new Error(`npm could not pack ${name}: ${said}`);
    const told = JSON.parse(out) as { filename: string }[] | Record<string, { filename: string }>;
    const [{ filename } = { filename: '' }] = Object.values(told);
    return join(into, filename);
  });

/** Unpacks the archives by hand and lends the rest from the workspace. */
const lend = (archives: readonly string[], folder: string): void => {
  const [own, lent] = [join(folder, 'node_modules'), join(root, 'node_modules')];
  for (const [index, { name }] of PUBLIC.entries()) {
    const place = join(own, name);
    mkdirSync(place, { recursive: true });
    const { status } = spawnSync('tar', ['-xzf', archives[index] as string, '--strip-components=1', '-C', place]);
    if (status !== 0)
      throw new Error('The npm registry cannot be reached, and without tar the packages cannot be unpacked either: connect once, or install tar.');
  }
  for (const entry of readdirSync(lent))
    if (!existsSync(join(own, entry)) && !entry.startsWith('.')) symlinkSync(join(lent, entry), join(own, entry), 'junction');
  mkdirSync(join(own, '.bin'));
  symlinkSync(join(own, 'godwit', 'bin', 'godwit.js'), join(own, '.bin', 'godwit'));
};

/** Installs the archives and the types of Node; says whether the dependencies came from where users get them. */
export const install = (archives: readonly string[], folder: string): 'the registry' | 'the workspace' => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const { ok, said } = npm(['install', '--prefer-offline', ...QUIET, ...archives, `@types/node@${devDependencies['@types/node']}`], folder);
  if (ok) return 'the registry';
  if (!/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT/.test(said))
    throw new Error(`npm could not install the packages, and not for want of a registry: ${said}`);
  lend(archives, folder);
  return 'the workspace';
};
