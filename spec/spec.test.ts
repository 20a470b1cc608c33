// The specification as tests: a real server of this build on a free port with a data directory of its own, one subtest a scenario and
// transport. Scenarios run side by side, those that start servers of their own a few at a time.
import { test } from 'node:test';
import { ADMIN_KEY, startServer } from './own-server.ts';
import { closingLine } from './report.ts';
import { type Outcome, openSession, plan } from './run.ts';
import './scenarios/index.ts';

const ALL_MS = 10 * 60_000;

test('the server keeps the contract', { concurrency: 1_000, timeout: ALL_MS }, async (t) => {
  const server = await startServer(undefined);
  t.after(() => server.discard());
  const session = await openSession({ url: server.url, key: ADMIN_KEY }, { canServe: true });
  const outcomes: Outcome[] = [];
  await Promise.all(
    plan().map((run) =>
      t.test(run.title, { timeout: ALL_MS }, async (one) => {
        const outcome = await session.perform(run);
        outcomes.push(outcome);
        if (outcome.result === 'FAIL') throw outcome.error;
        if (outcome.result === 'not run') one.skip(outcome.why);
      }),
    ),
  );
  await session.close();
  t.diagnostic(closingLine(outcomes));
});
