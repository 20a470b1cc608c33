// `npm run bench -- slow-reader`: what the others feel of a subscriber that stops reading while 200 MB pass through it, and what the server keeps for it (issue 3: their p99
// within 1.5 times, memory within 50 MB). Open loop, rounds with and without it in turn, in one run. Options: --rounds, --quick, --write.
import { figure, median, shown } from './harness/compare.ts';
import { circumstances, report, table } from './harness/report.ts';
import type { Target } from './sockets/commands.ts';
import { SLOT, Template } from './sockets/frames.ts';
import { Link } from './sockets/link.ts';
import { quick, rounds } from './sockets/settings.ts';
import { godwitServer } from './sockets/sides.ts';

const MB = 2 ** 20;
const TOPIC = 'pictures';
const OTHERS = 20;
const MESSAGE_BYTES = 32 * 1024;
const PASSING_BYTES = (quick ? 50 : 200) * MB;
const MESSAGES = PASSING_BYTES / MESSAGE_BYTES;
const PER_SECOND = 400;
const SAMPLE_MS = 50;
const PATIENCE_MS = 60_000;
/** A request of one message, about as large as it says; its number makes its name. */
const REQUEST = `{"messageId":"slow-${process.pid}-${SLOT}","type":"request","payload":{"method":"POST","path":"/topics/${TOPIC}/messages","data":"${'x'.repeat(MESSAGE_BYTES)}"}}`;

const until = async (holds: () => boolean, what: string): Promise<void> => {
  for (const end = performance.now() + PATIENCE_MS; !holds(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error(`never: ${what}`);
};

interface Phase {
  readonly p50: number;
  readonly p99: number;
  readonly mostMemory: number;
}

const server = await godwitServer();
const target: Target = { dialect: 'godwit', port: server.port, tls: false };
try {
  const publisher = await Link.open(target, []);
  const others = await Promise.all(Array.from({ length: OTHERS }, () => Link.open(target, [TOPIC])));
  const template = new Template(REQUEST);
  const frame = Buffer.allocUnsafe(template.size);
  let sent = 0;

  /** Publishes at the rate, whatever comes back, until everyone who reads has all of it. */
  const pass = async (): Promise<Phase> => {
    const took: number[] = [];
    const first = sent;
    const counts = others.map(({ count }) => count);
    const start = performance.now();
    for (const [index, link] of others.entries())
      link.counted = (_link, messages) => {
        const now = performance.now() - start;
        const had = link.count - messages - (counts[index] as number);
        for (let number = had; number < had + messages; number++) took.push(now - (number * 1000) / PER_SECOND);
      };
    let mostMemory = 0;
    const sampling = setInterval(() => (mostMemory = Math.max(mostMemory, server.memory())), SAMPLE_MS);
    const confirmed = publisher.count;
    await new Promise<void>((resolve) => {
      const pacing = setInterval(() => {
        for (const due = Math.min(MESSAGES, ((performance.now() - start) * PER_SECOND) / 1000); sent - first < due; sent++) {
          template.write(frame, 0, sent);
          publisher.socket.write(Buffer.from(frame));
        }
        if (sent - first < MESSAGES) return;
        clearInterval(pacing);
        resolve();
      }, 1);
    });
    await until(
      () => publisher.count - confirmed === MESSAGES && others.every(({ count }, index) => count - (counts[index] as number) === MESSAGES),
      'all is there',
    );
    clearInterval(sampling);
    took.sort((one, other) => one - other);
    const at = (share: number): number => took[Math.floor(took.length * share)] as number;
    return { p50: at(0.5), p99: at(0.99), mostMemory };
  };

  const without: Phase[] = [];
  const beside: Phase[] = [];
  const caughtUp: number[] = [];
  // The first of each is thrown away.
  for (let round = 0; round <= rounds; round++) {
    const control = await pass();
    const slow = await Link.open(target, [TOPIC]);
    slow.socket.pause();
    const stopped = await pass();
    if (slow.count > MESSAGES / 2) throw new Error('it did not stop');
    const from = performance.now();
    slow.socket.resume();
    await until(() => slow.count === MESSAGES, 'it has all of it');
    if (round > 0) {
      without.push(control);
      beside.push(stopped);
      caughtUp.push((performance.now() - from) / 1000);
    }
    slow.end();
  }
  for (const link of [publisher, ...others]) link.end();
  const of = (phases: readonly Phase[], pick: (phase: Phase) => number, digits = 1): string => shown(figure(phases.map(pick)), digits);
  const ratios = beside.map(({ p99 }, round) => p99 / (without[round] as Phase).p99);
  const grown = beside.map(({ mostMemory }, round) => (mostMemory - (without[round] as Phase).mostMemory) / MB);
  report(
    `a subscriber that stops reading${quick ? ', quick' : ''}`,
    `${circumstances()} ${PASSING_BYTES / MB} MB in messages of ${MESSAGE_BYTES / 1024} KB, ${PER_SECOND} per second, open loop, to ${OTHERS} others, with and without one more that has stopped; ${rounds} alternating
rounds after one that is thrown away: median [least-most]. Memory is the most that was resident. It caught up on all of it in ${median(caughtUp).toFixed(1)} s.

${table(
  ['others', 'p50 ms', 'p99 ms', 'most resident, MB'],
  [
    ['without it', of(without, ({ p50 }) => p50), of(without, ({ p99 }) => p99), of(without, ({ mostMemory }) => mostMemory / MB, 0)],
    ['beside it', of(beside, ({ p50 }) => p50), of(beside, ({ p99 }) => p99), of(beside, ({ mostMemory }) => mostMemory / MB, 0)],
    ['round by round', '', `${shown(figure(ratios), 2)} times, at most 1.5`, `${shown(figure(grown), 0)} more, at most 50`],
  ],
)}`,
  );
} finally {
  await server.stop();
}
