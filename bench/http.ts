// `npm run bench -- http`: what a request costs Godwit, against a bare Fastify route on the same wire, in one run (2: GET 0.6 or more of it, confirmed
// durable POST 0.4 or more; 3: publish 0.6 or more). Options: --seconds, --rounds, --only get|post|publish, --apart, --against <checkout>, --write.
import { alternate, type Contender, figure, type Loader, median, type Round, ratio, shown, startLoader } from './harness/compare.ts';
import type { Job } from './harness/load.ts';
import { bodyOf, orderPost, orderSchema, publishPost } from './harness/orders.ts';
import { ADMIN_KEY, type Served, startGodwit, startPeer } from './harness/processes.ts';
import { circumstances, option, type Row, report, table } from './harness/report.ts';

const CONNECTIONS = 64;
const DOCUMENTS = 1000;
const seconds = Number(option('seconds', '2'));
const rounds = Number(option('rounds', '5'));
const only = option('only', '');
const apart = process.argv.includes('--apart');
const against = option('against', '');

const headers = { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/json' };
const common = { connections: CONNECTIONS, seconds, headers };

const jobs: readonly { readonly name: string; readonly goal: number; readonly job: Omit<Job, 'port'> }[] = [
  {
    name: 'GET document',
    goal: 0.6,
    job: { ...common, method: 'GET', paths: Array.from({ length: DOCUMENTS }, (_, index) => `/v1/orders/order-${index}`), expect: 200 },
  },
  { name: 'POST document, durable', goal: 0.4, job: { ...common, method: 'POST', paths: ['/v1/orders'], body: orderPost(), expect: 201 } },
  {
    name: 'POST publish, durable',
    goal: 0.6,
    job: { ...common, method: 'POST', paths: ['/v1/topics/news.of.orders/messages'], body: publishPost(), expect: 201 },
  },
];

const post = async (server: Served, path: string, data: unknown): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ requestId: crypto.randomUUID(), data }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  await response.text();
};

/** A collection with a schema, and the documents that are read. */
const fill = async (server: Served): Promise<void> => {
  await post(server, '/v1/collections', { name: 'orders', schema: orderSchema });
  for (let from = 0; from < DOCUMENTS; from += 100) {
    const operations = Array.from({ length: 100 }, (_, index) => ({
      method: 'POST',
      path: '/orders',
      data: { id: `order-${from + index}`, ...bodyOf(from + index) },
    }));
    await post(server, '/v1/batch', { mode: 'atomic', operations });
  }
};

const share = (all: readonly Round[], pick: (round: Round) => number): string =>
  `${Math.round(median(all.map((round) => pick(round) / round.seconds)) * 100)} %`;

const rowOf = (name: string, server: Served, all: readonly Round[], ratioText: string): Row => [
  name,
  server.name,
  shown(figure(all.map((round) => round.perCpuSecond)), 1, 1000),
  (1e6 / median(all.map((round) => round.perCpuSecond))).toFixed(1),
  ratioText,
  `${median(all.map((round) => round.p50)).toFixed(2)} / ${median(all.map((round) => round.p99)).toFixed(2)}`,
  share(all, (round) => round.serverCpu),
  share(all, (round) => round.cpu),
];

const compare = async (loader: Loader, servers: readonly Served[]): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const { name, goal, job } of jobs) {
    if (only !== '' && !name.includes(only)) continue;
    const contenders: Contender[] = servers.map((server) => ({ server, job }));
    const all = await alternate(loader, contenders, rounds);
    const bare = all.at(-1) as Round[];
    for (const [index, { server }] of contenders.entries()) {
      const ours = all[index] as Round[];
      rows.push(rowOf(name, server, ours, ours === bare ? '1' : `${shown(ratio(ours, bare), 2)}, goal ${goal}`));
    }
  }
  return rows;
};

const servers: Served[] = [];
const loader = startLoader(apart ? 1 : 0);
try {
  servers.push(await startGodwit({ core: 0 }));
  if (against !== '') servers.push(await startGodwit({ core: 0, name: 'Godwit before', checkout: against }));
  for (const server of servers) await fill(server);
  servers.push(await startPeer('Fastify', 'fastify.ts', 0));
  const rows = await compare(loader, servers);
  report(
    `http${apart ? ', client on another core' : ''}`,
    `${circumstances(['fastify'])}
${CONNECTIONS} keep-alive connections with one request in flight each; ${rounds} rounds of ${seconds} s, alternating, after three that are thrown away; server and client ${apart ? 'on two cores' : 'on one core'}.
Every feature on: credentials, scopes, budgets, schema, memory of requests, and each write on stable storage before it is confirmed. The ratio is that of
neighbouring rounds: median [least-most].

${table(['request', 'server', 'k requests per CPU-s', 'us CPU', 'of Fastify', 'p50 / p99 ms', 'server CPU', 'client CPU'], rows)}`,
  );
} finally {
  await loader.stop();
  for (const server of servers) await server.stop();
}
