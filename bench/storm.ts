// `npm run bench -- storm`: five thousand connections cut at once, all back at once, each going on from its cursor with a hundred messages missed: how long until all have caught
// up, and how long the server's event loop was held (issue 3: never for more than 50 ms). Options: --rounds, --quick, --write. Against peers: `websocket --only storm`.
import { figure, median, shown } from './harness/compare.ts';
import { ADMIN_KEY } from './harness/processes.ts';
import { circumstances, type Row, report, table } from './harness/report.ts';
import type { Target } from './sockets/commands.ts';
import { PAYLOAD_BYTES } from './sockets/dialects.ts';
import { SLOT, Template } from './sockets/frames.ts';
import { Link } from './sockets/link.ts';
import { rounds } from './sockets/settings.ts';
import { godwitServer } from './sockets/sides.ts';

const CLIENTS = 5000;
const MISSED = 100;
const PATIENCE_MS = 60_000;
const headers = { authorization: `Bearer ${ADMIN_KEY}` };

interface Storm {
  readonly back: number;
  readonly caughtUp: number;
  readonly cpu: number;
  /** Milliseconds. */
  readonly heldByCut: number;
  readonly heldByReturn: number;
}

const server = await godwitServer();
const base = `http://127.0.0.1:${server.port}`;
const target: Target = { dialect: 'godwit', port: server.port, tls: false };

/** The longest that the event loop was held since the last look. */
const held = async (): Promise<number> => {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(/^godwit_event_loop_delay_seconds\{stat="max"\} (\S+)$/m.exec(text)?.[1]) * 1000;
};

const end = async (): Promise<string> => {
  const response = await fetch(`${base}/v1/messages?topics=**`, { headers });
  return ((await response.json()) as { data: { cursor: string } }).data.cursor;
};

const storm = async (rooms: number, round: number, links: Link[]): Promise<Storm> => {
  const after = await end();
  await held();
  for (const link of links.splice(0)) link.end();
  const publisher = await Link.open(target, []);
  const confirmed = new Promise<void>((resolve) => {
    publisher.counted = ({ count }) => {
      if (count === rooms * MISSED) resolve();
    };
  });
  for (let room = 0; room < rooms; room++) {
    const data = JSON.stringify('x'.repeat(PAYLOAD_BYTES));
    const name = `storm-${process.pid}-${rooms}-${round}-${room}-${SLOT}`;
    const template = new Template(
      `{"messageId":"${name}","type":"request","payload":{"method":"POST","path":"/topics/rooms.${room}/messages","data":${data}}}`,
    );
    const frames = Buffer.allocUnsafe(template.size * MISSED);
    for (let number = 0, at = 0; number < MISSED; number++) at = template.write(frames, at, number);
    publisher.socket.write(frames);
  }
  await confirmed;
  publisher.end();
  const heldByCut = await held();

  const cpu = server.cpu();
  const start = performance.now();
  const since = (): number => (performance.now() - start) / 1000;
  let back = 0;
  const complete = await new Promise<boolean>((resolve) => {
    const late = setTimeout(() => resolve(false), PATIENCE_MS);
    let waiting = CLIENTS;
    for (let index = 0; index < CLIENTS; index++) {
      void Link.open(target, []).then((link) => {
        links.push(link);
        // The answer to the request is one of them.
        link.counted = ({ count }) => {
          if (count === 1) back = since();
          if (count !== MISSED + 1 || --waiting > 0) return;
          clearTimeout(late);
          resolve(true);
        };
        const data = JSON.stringify({ topics: [`rooms.${index % rooms}`], after });
        link.send(`{"messageId":"back-${index}","type":"request","payload":{"method":"POST","path":"/subscriptions","data":${data}}}`);
      });
    }
  });
  if (!complete) throw new Error('not everyone got what it had missed');
  const caughtUp = since();
  return { back, caughtUp, cpu: server.cpu() - cpu, heldByCut, heldByReturn: await held() };
};

try {
  const body: Row[] = [];
  for (const rooms of [1, 50]) {
    const storms: Storm[] = [];
    const links: Link[] = [];
    for (let round = 0; round <= rounds; round++) {
      const one = await storm(rooms, round, links);
      // The first had nobody to cut, and compilers at work.
      if (round > 0) storms.push(one);
    }
    for (const link of links) link.end();
    const of = (pick: (storm: Storm) => number, digits: number): string => shown(figure(storms.map(pick)), digits);
    body.push([
      `${rooms}`,
      of(({ back }) => back, 2),
      of(({ caughtUp }) => caughtUp, 2),
      median(storms.map(({ cpu }) => cpu)).toFixed(2),
      of(({ heldByCut }) => heldByCut, 0),
      `${of(({ heldByReturn }) => heldByReturn, 0)}, at most 50`,
    ]);
  }
  report(
    `a storm of ${CLIENTS.toLocaleString('en')} that missed ${MISSED} messages each`,
    `${circumstances()} Seconds from the return of the first until the last is subscribed, and until the last has caught up; the longest that the event loop was held, as the server
tells it, while they were cut and while they came back; ${rounds} rounds after one that is thrown away: median [least-most]. By the number of topics that they follow, one each.

${table(['topics', 'all back, s', 'caught up, s', 'server CPU s', 'held by the cut, ms', 'held by the return, ms'], body)}`,
  );
} finally {
  await server.stop();
}
