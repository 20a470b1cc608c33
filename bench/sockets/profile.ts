// Where a server's time went (`--profile`): V8's own profile of each of its threads, as the functions with the most time of their own.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../harness/report.ts';

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const MOST = 30;
const TOGETHER = /^\((idle|program|root)\)$/;

const place = ({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string => {
  const file = url.replace(/^.*\/(?=(?:dist|node_modules)\/)/, '');
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
};

const print = (name: string, { nodes, samples, timeDeltas }: Profile): void => {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, place(callFrame)]));
  const own = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const where = names.get(id) ?? '?';
    const took = timeDeltas[index] ?? 0;
    own.set(where, (own.get(where) ?? 0) + took);
    if (!where.startsWith('(idle)')) busy += took;
  }
  const most = [...own].filter(([where]) => !where.startsWith('(idle)')).sort((one, other) => other[1] - one[1]);
  console.log(`\n### ${name}: ${(busy / 1e6).toFixed(1)} s busy\n`);
  const body = most
    .slice(0, MOST)
    .map(([where, took]) => [`${((took / busy) * 100).toFixed(1)} %`, TOGETHER.test(where) ? `${where}: native code, system calls` : where]);
  console.log(table(['own time', 'function'], body));
};

export interface Profiling {
  readonly nodeFlags: readonly string[];
  /** Once the server has ended. */
  print(): void;
}

/** The flags that profile a server, and what to do when it has ended. The profiles stay where they are named, for DevTools. */
export const profiling = (): Profiling => {
  const folder = mkdtempSync(join(tmpdir(), 'godwit-profile-'));
  return {
    nodeFlags: ['--cpu-prof', '--cpu-prof-dir', folder],
    print: () => {
      const files = readdirSync(folder);
      for (const file of files) print(join(folder, file), JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile);
      if (files.length === 0) rmSync(folder, { recursive: true });
    },
  };
};
