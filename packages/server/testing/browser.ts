// A real browser for tests that look at pages: Chromium from this machine, without a window and silent towards the network.
import { type Browser, chromium } from 'playwright-core';
import { findProgram } from './program.ts';

export type { Browser, BrowserContext, Page } from 'playwright-core';

const CHROMIUM = {
  title: 'Chromium',
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debian: 'chromium',
  variable: 'CHROMIUM',
};
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const START_MS = 60_000;

/** The program and what it is started with, for who speaks to it without Playwright. */
export const browserCommand = async (): Promise<readonly [string, ...string[]]> => [await findProgram(CHROMIUM), '--headless', ...FLAGS];

/** Starts the browser; close it at the end. Throws one sentence where there is none. */
export const launchBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await findProgram(CHROMIUM), args: FLAGS, headless: true, timeout: START_MS });
