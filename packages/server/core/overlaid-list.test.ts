// A list inside an atomic batch (9.2.3) against the same list once the batch is written: same documents, same order, same pages.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type Answer, type Assembly, assemble } from '../testing/assembly.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly data?: unknown;
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const TEXTS = ['é', '\uff5e', '😀', ''];
/** Longer than a page cursor holds, and the same for long. */
const LONG = ['', 'a', 'é', '😀'].map((end) => '漢'.repeat(3_000) + end);

const changesOf = (texts: readonly string[]) =>
  fc.record({
    // Without an id the server makes one, which sorts among the others by chance.
    kind: fc.constantFrom('create', 'create', 'make', 'replace', 'patch', 'remove', 'read'),
    id: fc.constantFrom(...IDS),
    body: fc.record(
      { n: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'y', true, null, [], { k: 1 })), text: fc.constantFrom(...texts) },
      { requiredKeys: [] },
    ),
    pause: fc.nat(2),
  });
const change = changesOf(TEXTS);
const longChange = changesOf([...TEXTS, ...LONG]);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
const listing = fc.record({
  limit: fc.integer({ min: 1, max: 7 }),
  sort: fc.constantFrom('', 'n', '-n', 'text', 'n,-text', '-text,n', '-createdAt', 'updatedAt', '-version,id'),
  filter: fc.constantFrom('', '', 'filter[n]=1', 'filter[n][ne]=null', 'filter[n][gte]=1', 'filter[id][in]=a,b,c', 'filter[text]=', 'filter[version][gt]=1'),
});

const OPERATIONS: Record<Change['kind'], (collection: string, change: Change) => Operation> = {
  create: (collection, { id, body: data }) => ({ method: 'POST', path: `/${collection}`, data: { ...data, id } }),
  make: (collection, { body: data }) => ({ method: 'POST', path: `/${collection}`, data }),
  replace: (collection, { id, body: data }) => ({ method: 'PUT', path: `/${collection}/${id}`, data }),
  patch: (collection, { id, body: data }) => ({ method: 'PATCH', path: `/${collection}/${id}`, data }),
  remove: (collection, { id }) => ({ method: 'DELETE', path: `/${collection}/${id}` }),
  read: (collection, { id }) => ({ method: 'GET', path: `/${collection}/${id}` }),
};

/** Those changes that can be made one after the other. */
const possible = (there: Set<string>, changes: readonly Change[]): Change[] =>
  changes.filter(({ kind, id }) => {
    if (kind === 'make') return true;
    if ((kind === 'create') === there.has(id)) return false;
    if (kind === 'create') there.add(id);
    if (kind === 'remove') there.delete(id);
    return true;
  });

describe('a list in an atomic batch', () => {
  let assembly: Assembly;
  let made = 0;
  before(async () => {
    assembly = await assemble({ settings: { operationsPerMinute: 100_000_000 } });
  });
  after(() => assembly.close());

  const newCollection = async (): Promise<string> => {
    const name = `c${++made}`;
    assert.equal((await assembly.ask('POST', '/collections', { data: { name } })).status, 201);
    return name;
  };
  const get = async (path: string): Promise<Answer['data']> => {
    const { status, data, message } = await assembly.ask('GET', path);
    assert.equal(status, 200, message);
    return data;
  };
  const atomic = async (operations: readonly Operation[]): Promise<Answer['data']> => {
    const { status, data, details } = await assembly.ask('POST', '/batch', { data: { mode: 'atomic', operations } });
    assert.equal(status, 200, JSON.stringify(details));
    return data.results.map((result: Answer) => result.data);
  };
  const pathOf = (collection: string, { limit, sort, filter }: { limit: number; sort: string; filter: string }): string =>
    `/${collection}?limit=${limit}${sort === '' ? '' : `&sort=${sort}`}${filter === '' ? '' : `&${filter}`}`;
  const walk = async (path: string, next: string | null): Promise<unknown[]> => {
    const items: unknown[] = [];
    for (let cursor = next; cursor !== null; ) {
      const page = await get(`${path}&after=${cursor}`);
      items.push(...page.items);
      cursor = page.next;
    }
    return items;
  };
  /** Makes the changes, some in the same millisecond. */
  const fill = async (collection: string, changes: readonly Change[]): Promise<Set<string>> => {
    const there = new Set<string>();
    let operations: Operation[] = [];
    for (const one of possible(there, changes)) {
      operations.push(OPERATIONS[one.kind](collection, one));
      if (one.pause > 0) continue;
      await atomic(operations);
      operations = [];
      await assembly.clock.advance(1);
    }
    if (operations.length > 0) await atomic(operations);
    return there;
  };

  it('is the list once the batch is written, and its pages go on there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(longChange, { maxLength: 12 }),
        fc.array(longChange, { minLength: 1, maxLength: 12 }),
        listing,
        async (first, second, asked) => {
          const collection = await newCollection();
          const there = await fill(collection, first);
          const path = pathOf(collection, asked);
          const operations = possible(there, second).map((one) => OPERATIONS[one.kind](collection, one));
          const page = (await atomic([...operations, { method: 'GET', path }])).at(-1);
          const whole = await get(path);
          assert.deepEqual(page.items, whole.items);
          assert.equal(page.next === null, whole.next === null);
          assert.deepEqual(await walk(path, page.next), await walk(path, whole.next));
        },
      ),
      { numRuns: 80 },
    );
  });

  it('goes on from a page that was read before the batch, as it does once the batch is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 4, maxLength: 14 }),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        listing.map((asked) => ({ ...asked, limit: 1 + (asked.limit % 3) })),
        async (first, second, asked) => {
          const collection = await newCollection();
          const there = await fill(collection, first);
          const path = pathOf(collection, asked);
          const { next } = await get(path);
          fc.pre(next !== null);
          const operations = possible(there, second).map((one) => OPERATIONS[one.kind](collection, one));
          const page = (await atomic([...operations, { method: 'GET', path: `${path}&after=${next}` }])).at(-1);
          const whole = await get(`${path}&after=${next}`);
          assert.deepEqual(page.items, whole.items);
          assert.deepEqual(await walk(path, page.next), await walk(path, whole.next));
        },
      ),
      { numRuns: 60 },
    );
  });

  // Found by chance: seed -806770097.
  it('does not lose what it changed where that stands at the end of what the store read ahead', async () => {
    const collection = await newCollection();
    for (const id of ['a', 'f', 'b']) {
      await atomic([{ method: 'POST', path: `/${collection}`, data: { id } }]);
      await assembly.clock.advance(1);
    }
    const path = `/${collection}?limit=1`;
    const page = (
      await atomic([
        { method: 'PATCH', path: `/${collection}/f`, data: { text: 'é' } },
        { method: 'GET', path },
      ])
    ).at(-1);
    const rest = (await walk(path, page.next)) as { id: string }[];
    assert.deepEqual(
      rest.map(({ id }) => id),
      ['f', 'b'],
    );
  });

  it('leaves none out where it changed everything around a long string at the end of the page before', async () => {
    for (const sort of ['text', '-text']) {
      const collection = await newCollection();
      const texts = ['a', ...LONG, ...LONG, '😀'];
      await atomic(texts.map((text, n) => ({ method: 'POST', path: `/${collection}`, data: { id: `d${n}`, text, n } })));
      const path = `/${collection}?limit=3&sort=${sort}`;
      const ids = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);
      const all = ids((await get(`/${collection}?sort=${sort}`)).items);
      const { next } = await get(path);
      const seen = all.slice(0, 3);
      const [last, following, third] = all.slice(2, 5);
      // What the cursor could be known by changes before the batch; in it one changes that stays where it is, and one that was seen.
      await atomic([last, following].map((id) => ({ method: 'PATCH', path: `/${collection}/${id}`, data: { text: 5 } })));
      const page = (
        await atomic([
          ...[all[0], third].map((id) => ({ method: 'PATCH', path: `/${collection}/${id}`, data: { n: 9 } })),
          { method: 'GET', path: `${path}&after=${next}` },
        ])
      ).at(-1);
      const listed = [...ids(page.items), ...ids((await walk(path, page.next)) as { id: string }[])];
      // The two that moved may lie before the place now.
      assert.deepEqual(new Set([...seen, last, following, ...listed]), new Set(all));
      // It does not begin so, and lies before what does.
      assert.ok(!listed.includes(all[0] as string));
    }
  });

  it('pages through what the batch itself makes, each once', async () => {
    const collection = await newCollection();
    const creations = Array.from({ length: 20 }, (_, n) => ({ method: 'POST', path: `/${collection}`, data: { n: n % 3 } }));
    const path = `/${collection}?limit=3&sort=n`;
    const page = (await atomic([...creations, { method: 'GET', path }])).at(-1);
    const all = [...page.items, ...(await walk(path, page.next))];
    assert.equal(all.length, 20);
    assert.deepEqual(all, (await get(`/${collection}?limit=100&sort=n`)).items);
  });

  it('sees each step of the batch, and nothing of one that failed', async () => {
    const collection = await newCollection();
    const list = { method: 'GET', path: `/${collection}` };
    const add = (id: string): Operation => ({ method: 'POST', path: `/${collection}`, data: { id } });
    const seen = (await atomic([list, add('x'), list, add('y'), { method: 'DELETE', path: `/${collection}/x` }, list])).filter(
      (data: { items?: unknown } | undefined) => data?.items !== undefined,
    );
    assert.deepEqual(
      seen.map(({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)),
      [[], ['x'], ['y']],
    );
    const failed = await assembly.ask('POST', '/batch', { data: { mode: 'atomic', operations: [add('z'), list, add('y')] } });
    assert.equal(failed.code, 'BATCH_FAILED');
    assert.equal((await get(`/${collection}`)).items.length, 1);
  });

  it('refuses a cursor of something else', async () => {
    const collection = await newCollection();
    const text = Buffer.from((await cursorOf(collection)) ?? '', 'base64url').toString();
    const [name = ''] = text.split(' ');
    for (const cursor of [
      'x',
      text,
      name,
      `${name} `,
      `${name} []`,
      `${name}  []`,
      `${name}  ["x"]`,
      `${name} shown x`,
      `${name} ${'i,'.repeat(1000)} `,
      // As earlier servers wrote them.
      `${name} ${JSON.stringify([JSON.stringify(['AEjQJKZvxU1a', 1, 1]), 'a', 1, [], []])}`,
      `${name} ${JSON.stringify([JSON.stringify(['AEjQJKZvxU1a', 'a b c', 1, 1]), 'a', 1, ['a b c'], ['i']])}`,
    ]) {
      const answer = await assembly.ask('GET', `/${collection}?limit=1&after=${Buffer.from(cursor).toString('base64url')}`);
      assert.equal(answer.code, cursor === text ? undefined : 'INVALID_CURSOR', cursor);
    }
    for (const changed of [`${text} `, text.slice(0, -1), text.slice(1)]) {
      const answer = await assembly.ask('GET', `/${collection}?limit=1&after=${Buffer.from(changed).toString('base64url')}`);
      assert.equal(answer.code, changed.endsWith(' ') ? undefined : 'INVALID_CURSOR', changed);
    }
    assert.deepEqual(assembly.unexpected, []);
  });

  const cursorOf = async (collection: string): Promise<string | null> => {
    for (const id of ['a', 'b']) await assembly.ask('POST', `/${collection}`, { data: { id } });
    return (await get(`/${collection}?limit=1`)).next;
  };
});
