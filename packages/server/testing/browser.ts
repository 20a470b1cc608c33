// A real browser for tests that look at pages: Chromium from this machine, without a window and silent towards the network. It is found by the
// variable CHROMIUM, else by its names on the PATH, else installed where that can be done unasked (root on Debian), else asked for in one sentence.
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

export type { Browser, BrowserContext, Page } from 'playwright-core';

const run = promisify(execFile);
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const INSTALL_MS = 600_000;
const START_MS = 60_000;

const isProgram = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

const onPath = async (names: readonly string[]): Promise<string | undefined> => {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter((part) => part !== '')) {
    for (const name of names) if (await isProgram(join(folder, name))) return join(folder, name);
  }
  return undefined;
};

/** Debian's own package, fetched once: a machine that builds and tests has no one to ask. */
const installed = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0 || (await onPath(['apt-get'])) === undefined) return undefined;
  const options = { timeout: INSTALL_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  // Two test files at once must not stand in each other's way: the second waits for the lock and then finds all there.
  const patient = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2'];
  await run('apt-get', [...patient, 'update'], options).catch(() => undefined);
  await run('apt-get', [...patient, 'install', '-y', '--no-install-recommends', 'chromium'], options).catch(() => undefined);
  return onPath(NAMES);
};

const findBrowser = async (): Promise<string> => {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') {
    if (await isProgram(named)) return named;
    throw new Error(`CHROMIUM is ${JSON.stringify(named)}, which is no program: let it name a Chromium, or unset it.`);
  }
  const found = (await onPath(NAMES)) ?? (await installed());
  if (found !== undefined) return found;
  throw new Error('No Chromium was found: install it (`apt-get install chromium`), or let the variable CHROMIUM name the program.');
};

/** Starts the browser; close it at the end. Throws one sentence where there is none. */
export const launchBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await findBrowser(), args: FLAGS, headless: true, timeout: START_MS });
