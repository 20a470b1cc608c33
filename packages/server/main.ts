// The command: the words of the process in, its exit code out. Knows argv only.
import { Interrupted } from './cli/frame/call.ts';
import { run } from './cli/run.ts';

const argv = process.argv.slice(2);
const interrupt = new AbortController();

// A server ends in its own way (12.2).
if (argv[0] !== 'serve') {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second one means now.
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort(new Interrupted());
    });
  }
}

const { stdin, stdout, stderr, env } = process;
const code = await run(argv, { stdin, stdout, stderr, env, cwd: process.cwd(), interrupt: interrupt.signal });
if (code !== undefined) {
  process.exitCode = code;
  // What was printed is out by then; connections that are kept alive hold nothing up.
  stdout.write('', () => process.exit());
}
