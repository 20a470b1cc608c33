// Clients that write without pause, each one request after the other, and keep a ledger of what they asked and what they were told. A request
// whose answer was lost is repeated with its requestId, or now and then given up, so that nobody knows what became of it.
import type { HttpAnswer, HttpClient } from './http.ts';
import { pause } from './process.ts';
import type { Random } from './random.ts';

export type Kind = 'create' | 'createNamed' | 'patch' | 'remove' | 'patchShared' | 'publish' | 'atomic' | 'atomicFailing' | 'partial';

export interface Entry {
  readonly kind: Kind;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly data: unknown;
  /** The document of a client's own that it names. */
  readonly id?: string;
  /** The first whole answer; undefined where the request was given up. */
  answer?: HttpAnswer;
  attempts: number;
}

/** What a client knows of a document that nobody else touches: its last confirmed body, null after its removal, undefined where a request was given up. */
export type Known = Record<string, unknown> | null | undefined;

export interface Ledger {
  readonly entries: Entry[];
  readonly own: Map<string, Known>;
  retries: number;
}

export const SHARED = ['shared-0', 'shared-1', 'shared-2'] as const;
const KINDS: readonly Kind[] = [
  'create',
  'createNamed',
  'patch',
  'patch',
  'remove',
  'patchShared',
  'patchShared',
  'publish',
  'publish',
  'atomic',
  'atomicFailing',
  'partial',
];
const GIVE_UP = 0.08;
const FULL_SPEED_MS = 0;

export interface LoadOptions {
  readonly worker: number;
  readonly random: Random;
  /** The server as it is now, or as soon as there is one again. */
  readonly server: () => Promise<HttpClient>;
  readonly stopped: () => boolean;
}

const created = (data: Record<string, unknown>): Record<string, unknown> => ({ method: 'POST', path: '/docs', data });

/** What the client asks next; `number` is never given twice within a client. */
const nextEntry = (worker: number, number: number, random: Random, live: readonly string[]): Entry => {
  const requestId = `w${worker}-${number}`;
  const by = requestId;
  const topic = `feed.w${worker}`;
  let kind = random.pick(KINDS);
  if (live.length === 0 && (kind === 'patch' || kind === 'remove')) kind = 'createNamed';
  const own = live.length === 0 ? '' : random.pick(live);
  const shared = `/docs/${random.pick(SHARED)}`;
  const publish = { method: 'POST', path: `/topics/${topic}/messages`, data: { by, number } };
  const base = { kind, requestId, attempts: 0 };
  switch (kind) {
    case 'create':
      return { ...base, method: 'POST', path: '/v1/docs', data: { by, worker } };
    case 'createNamed':
      return { ...base, method: 'POST', path: '/v1/docs', id: requestId, data: { id: requestId, by, worker, text: 'é'.repeat(random.below(40)) } };
    case 'patch':
      return { ...base, method: 'PATCH', path: `/v1/docs/${own}`, id: own, data: { by, [`m${random.below(4)}`]: random.chance(0.3) ? null : number } };
    case 'remove':
      return { ...base, method: 'DELETE', path: `/v1/docs/${own}`, id: own, data: undefined };
    case 'patchShared':
      return { ...base, method: 'PATCH', path: `/v1${shared}`, data: { by, [`w${worker}`]: number } };
    case 'publish':
      return { ...base, method: 'POST', path: `/v1/topics/${topic}/messages`, data: { by, number } };
    case 'atomic':
    case 'atomicFailing': {
      const patch = { method: 'PATCH', path: shared, data: { by, [`w${worker}`]: number } };
      const operations = [created({ by, worker }), publish, patch, created({ by, worker, second: true })];
      if (kind === 'atomicFailing') operations.splice(random.below(5), 0, { method: 'PATCH', path: '/docs/nowhere', data: {} });
      return { ...base, method: 'POST', path: '/v1/batch', data: { mode: 'atomic', operations } };
    }
    case 'partial': {
      const missing = { method: 'DELETE', path: '/docs/nowhere' };
      return {
        ...base,
        method: 'POST',
        path: '/v1/batch',
        data: { operations: [created({ by, worker }), missing, publish, created({ by, worker, second: true })] },
      };
    }
  }
};

const note = (own: Map<string, Known>, { kind, id, data, answer }: Entry): void => {
  if (id === undefined) return;
  if (answer === undefined) own.set(id, undefined);
  else if (kind === 'remove') own.set(id, null);
  else own.set(id, { ...answer.data, ...(kind === 'createNamed' ? {} : { by: (data as { by: string }).by }) });
};

/** Runs one client until it is told to stop. */
export const runClient = async ({ worker, random, server, stopped }: LoadOptions): Promise<Ledger> => {
  const ledger: Ledger = { entries: [], own: new Map(), retries: 0 };
  for (let number = 1; !stopped(); number++) {
    const live = [...ledger.own].slice(-20).flatMap(([id, known]) => (known === null || known === undefined ? [] : [id]));
    const entry = nextEntry(worker, number, random, live);
    ledger.entries.push(entry);
    for (;;) {
      const client = await server();
      entry.attempts++;
      try {
        entry.answer = await client.ask(entry.method, entry.path, { data: entry.data, requestId: entry.requestId });
        break;
      } catch {
        if (random.chance(GIVE_UP)) break;
        ledger.retries++;
        await pause(FULL_SPEED_MS);
      }
    }
    note(ledger.own, entry);
  }
  return ledger;
};
