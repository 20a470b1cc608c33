// `npm run bench -- list`: a page of 50 documents by an indexed filter, from 1,000,000 documents against 1,000 (2: within 3 times), first pages with filter
// values taken at random and pages deep in a list. The store is filled before the server starts. Options: --documents, --seconds, --rounds, --write.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WriteUnit } from '../packages/server/ports/storage.ts';
import { openSqliteStorage } from '../packages/server/storage/sqlite/index.ts';
import { alternate, figure, type Loader, median, type Round, shown, startLoader } from './harness/compare.ts';
import { bodyOf } from './harness/orders.ts';
import { ADMIN_KEY, type Served, startGodwit } from './harness/processes.ts';
import { circumstances, option, type Row, report, table } from './harness/report.ts';

const MANY = Number(option('documents', '1000000'));
const FEW = 1000;
const PAGE = 50;
const PER_UNIT = 500;
/** Documents of one customer, in either collection: as many match, however many there are. */
const PER_CUSTOMER = 100;
const DEPTH = 200;
const PATHS = 997;
const seconds = Number(option('seconds', '2'));
const rounds = Number(option('rounds', '5'));

const headers = { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/json' };
const sizes = { few: FEW, many: MANY } as const;
type Name = keyof typeof sizes;

const collection = (name: string): WriteUnit => {
  const now = Date.now();
  return {
    collections: [{ kind: 'create', collection: { name, schema: null, indexes: [['status'], ['customer'], ['number']], createdAt: now, updatedAt: now } }],
  };
};

const documents = (name: Name, from: number): WriteUnit => ({
  documents: Array.from({ length: Math.min(PER_UNIT, sizes[name] - from) }, (_, offset) => {
    const index = from + offset;
    // Not in the order of any list: a step that shares no factor with the number spreads neighbours over all customers.
    const number = (index * 7919) % sizes[name];
    const id = `order-${index.toString(36).padStart(6, '0')}`;
    const body = JSON.stringify({ ...bodyOf(index), number, customer: `customer-${number % (sizes[name] / PER_CUSTOMER)}` });
    const now = Date.now();
    return { collection: name, id, from: null, to: { id, version: 1, createdAt: now, updatedAt: now, incarnation: 'filled', tag: 'filled', body } };
  }),
});

const fill = async (data: string): Promise<number> => {
  const began = performance.now();
  const storage = await openSqliteStorage({ directory: data });
  for (const name of ['few', 'many'] as const) {
    await storage.write(collection(name));
    for (let from = 0; from < sizes[name]; from += PER_UNIT * 8) {
      const units = Array.from({ length: 8 }, (_, index) => from + index * PER_UNIT).filter((start) => start < sizes[name]);
      const outcomes = await Promise.all(units.map((start) => storage.write(documents(name, start))));
      if (outcomes.some(({ status }) => status !== 'written')) throw new Error('a document was not taken');
    }
  }
  await storage.close();
  return (performance.now() - began) / 1000;
};

interface ListPage {
  readonly data: { readonly items: readonly unknown[]; readonly next: string | null };
}

const read = async (server: Served, path: string): Promise<ListPage> => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as ListPage;
};

/** The addresses of pages up to `DEPTH` deep in a list. */
const deepPages = async (server: Served, path: string): Promise<string[]> => {
  const paths: string[] = [];
  for (let at = path; paths.length < DEPTH; ) {
    const { next, items } = (await read(server, at)).data;
    if (next === null || items.length < PAGE) break;
    at = `${path}&after=${encodeURIComponent(next)}`;
    paths.push(at);
  }
  return paths;
};

const STATUSES = ['open', 'paid', 'sent', 'done', 'lost'];
const random = (below: number): number => Math.floor(Math.random() * below);
const atRandom = (path: () => string): string[] => Array.from({ length: PATHS }, path);

/** What is asked, of either collection. */
const questions = (name: Name): readonly { readonly title: string; readonly paths: (server: Served) => string[] | Promise<string[]> }[] => [
  { title: 'one of 5 statuses', paths: () => atRandom(() => `/v1/${name}?limit=${PAGE}&filter[status]=${STATUSES[random(5)]}`) },
  {
    title: 'one customer, 100 orders',
    paths: () => atRandom(() => `/v1/${name}?limit=${PAGE}&filter[customer]=customer-${random(sizes[name] / PER_CUSTOMER)}`),
  },
  {
    title: 'numbers from one on, in order',
    paths: () => atRandom(() => `/v1/${name}?limit=${PAGE}&sort=number&filter[number][gte]=${random(sizes[name] - PAGE * 2)}`),
  },
  { title: `a status, up to ${DEPTH} pages deep`, paths: (server) => deepPages(server, `/v1/${name}?limit=${PAGE}&filter[status]=paid`) },
  {
    title: `a status, newest number first, up to ${DEPTH} pages deep`,
    paths: (server) => deepPages(server, `/v1/${name}?limit=${PAGE}&sort=-number&filter[status]=paid`),
  },
];

const cpuPerPage = (all: readonly Round[]): number => 1e6 / median(all.map((round) => round.perCpuSecond));

const compare = async (loader: Loader, server: Served, index: number): Promise<Row> => {
  const question = (name: Name) => questions(name)[index] as ReturnType<typeof questions>[number];
  const job = async (name: Name) => {
    const paths = await question(name).paths(server);
    if ((await read(server, paths[0] as string)).data.items.length === 0) throw new Error(`${paths[0]} is empty`);
    return { connections: 1, seconds, headers, method: 'GET' as const, paths, expect: 200 };
  };
  const [few = [], many = []] = await alternate(
    loader,
    [
      { server, job: await job('few') },
      { server, job: await job('many') },
    ],
    rounds,
  );
  const ratios = figure(many.map((round, at) => round.p50 / (few[at] as Round).p50));
  const cpuRatios = figure(many.map((round, at) => (few[at] as Round).perCpuSecond / round.perCpuSecond));
  return [
    question('many').title,
    median(few.map((round) => round.p50)).toFixed(2),
    median(many.map((round) => round.p50)).toFixed(2),
    shown(ratios, 2),
    median(many.map((round) => round.p99)).toFixed(2),
    `${cpuPerPage(few).toFixed(0)} / ${cpuPerPage(many).toFixed(0)}`,
    shown(cpuRatios, 2),
  ];
};

const data = mkdtempSync(join(tmpdir(), 'godwit-bench-'));
const loader = startLoader(1);
let server: Served | undefined;
try {
  const filled = await fill(data);
  server = await startGodwit({ core: 0, data });
  const rows: Row[] = [];
  for (let index = 0; index < questions('few').length; index++) rows.push(await compare(loader, server, index));
  report(
    'list',
    `${circumstances()}
Pages of ${PAGE} documents of about 300 bytes, one connection, client on another core; ${rounds} rounds of ${seconds} s, alternating, after three that are thrown away. Medians of
many pages, filter values at random; the goal is a ratio of at most 3. Filling took ${filled.toFixed(0)} s.

${table(['filter', `${FEW} documents, p50 ms`, `${MANY} documents, p50 ms`, 'ratio', 'p99 ms of the many', 'CPU us, few / many', 'ratio of CPU'], rows)}`,
  );
} finally {
  await loader.stop();
  await server?.stop();
  rmSync(data, { recursive: true, force: true });
}
