// Runs scenarios against a target: which ones, over which transports, several at once, each within its time. Prints nothing.
import { randomBytes } from 'node:crypto';
import { caller, type Transport } from './caller.ts';
import { byClause, within } from './clauses.ts';
import { succeeds } from './expect.ts';
import { type Scenario, scenarios } from './scenario.ts';
import { isServed } from './served.ts';
import { HIGH_LIMITS, NotRun, openTrial, type Target } from './trial.ts';

export interface Run {
  readonly title: string;
  readonly scenario: Scenario;
  readonly transport: Transport;
}

export interface Outcome {
  readonly title: string;
  readonly clause: string;
  readonly result: 'ok' | 'FAIL' | 'not run';
  readonly why?: string;
  readonly error?: unknown;
  readonly ms: number;
}

/** The order of preference is the order of running: HTTP is on everybody's way. */
const TRANSPORTS: readonly { readonly transport: Transport; readonly clause: string }[] = [
  { transport: 'http', clause: '3' },
  { transport: 'batch', clause: '9.2.2' },
  { transport: 'websocket', clause: '5.2.2' },
];

const SCENARIO_MS = 60_000;

/** Every scenario that the served set lets run, once for each of its transports. */
export const plan = (only?: string): Run[] => {
  const runs: Run[] = [];
  for (const one of scenarios()) {
    if (!isServed(one.clause) || (only !== undefined && !within(one.clause, only) && !one.title.startsWith(only))) continue;
    if (!(one.also ?? []).every(isServed)) continue;
    for (const { transport, clause } of TRANSPORTS) {
      const wanted = one.over === undefined ? transport === 'http' : one.over === 'any' || one.over.includes(transport);
      if (!wanted || !isServed(clause)) continue;
      const plain = one.over === undefined || one.over.length === 1;
      runs.push({ title: plain ? one.title : `${one.title} (over ${transport})`, scenario: one, transport });
    }
  }
  return runs.sort((left, right) => byClause(left.scenario.clause, right.scenario.clause));
};

export interface Session {
  perform(run: Run): Promise<Outcome>;
  /** Gives back the key that the run was made with. */
  close(): Promise<void>;
}

const atOnce = (most: number): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
};

export const openSession = async (target: Target, options: { readonly canServe: boolean; readonly atOnce?: number }): Promise<Session> => {
  const first = caller(target.url, target.key);
  const name = `spec-${randomBytes(6).toString('hex')}`;
  const made = succeeds(await first.post('/keys', { name, scopes: ['admin'], limits: HIGH_LIMITS }), 201, 'making a key of scope admin for this run');
  const place = atOnce(options.atOnce ?? 8);
  // Starting servers takes the processor: fewer of those.
  const placeToServe = atOnce(3);
  const attempt = async ({ title, scenario, transport }: Run): Promise<Outcome> => {
    const started = performance.now();
    const trial = openTrial(target, made.key, transport);
    const limit = scenario.timeoutMs ?? SCENARIO_MS;
    let timer: NodeJS.Timeout | undefined;
    const outcome = (result: Outcome['result'], error?: unknown): Outcome => {
      const why = error === undefined ? {} : { why: error instanceof Error ? error.message : String(error), error };
      return { title, clause: scenario.clause, result, ms: Math.round(performance.now() - started), ...why };
    };
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`the scenario did not end in ${limit} ms`)), limit);
      });
      await Promise.race([scenario.perform(trial), late]);
      return outcome('ok');
    } catch (error) {
      return outcome(error instanceof NotRun ? 'not run' : 'FAIL', error);
    } finally {
      clearTimeout(timer);
      await trial.end();
    }
  };
  return {
    perform: (run) => {
      if (run.scenario.needs !== 'own server') return place(() => attempt(run));
      if (options.canServe) return placeToServe(() => attempt(run));
      return Promise.resolve({ title: run.title, clause: run.scenario.clause, result: 'not run', why: 'needs a server of its own (--serve)', ms: 0 });
    },
    close: async () => {
      await first.delete(`/keys/${made.id}`);
    },
  };
};
