// 3.2.4, the pages of a list: where they end, how they go on, and that they stay stable.
import assert from 'node:assert/strict';
import { refuses, succeeds } from '../expect.ts';
import type { Json } from '../json.ts';
import { walk } from '../reading.ts';
import { scenario } from '../scenario.ts';
import type { Trial } from '../trial.ts';

const write = async (t: Trial, operations: readonly Json[]): Promise<void> => {
  for (let at = 0; at < operations.length; at += 100) {
    succeeds(await t.admin.http('POST', '/v1/batch', { data: { operations: operations.slice(at, at + 100) } }), 200, 'writing');
  }
};

scenario('3.2.4 data is {items, next}, next null at the end, and following it sees everything once', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  assert.deepEqual(succeeds(await t.admin.get(`/${collection}`)), { items: [], next: null });
  await write(
    t,
    Array.from({ length: 23 }, (_, n) => ({ method: 'POST', path: `/${collection}`, data: { n } })),
  );
  for (const limit of [1, 7, 22, 23, 24, 50]) {
    const seen = await walk(t.admin, `/${collection}?limit=${limit}`);
    assert.deepEqual(
      seen.map(({ n }) => n).sort((a, b) => a - b),
      Array.from({ length: 23 }, (_, n) => n),
      `${limit} a page`,
    );
  }
  const page = succeeds(await t.admin.get(`/${collection}?limit=2`));
  assert.deepEqual(Object.keys(page).sort(), ['items', 'next']);
  assert.deepEqual(Object.keys(page.items[0]).sort(), ['createdAt', 'id', 'n', 'updatedAt', 'version']);
});

scenario('3.2.4 Link rel=next leads to the next page, filter and sort included, and is absent at the end', {}, async (t) => {
  const collection = await t.collection();
  await write(
    t,
    Array.from({ length: 9 }, (_, n) => ({ method: 'POST', path: `/${collection}`, data: { n, even: n % 2 === 0 } })),
  );
  const seen: number[] = [];
  let path: string | undefined = `/v1/${collection}?limit=2&sort=-n&filter[even]=true`;
  for (let page = 0; page < 10 && path !== undefined; page++) {
    const answer = await t.admin.http('GET', path);
    const data = succeeds(answer);
    seen.push(...data.items.map(({ n }: Json) => n));
    const link: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(answer.headers.link ?? ''))?.[1];
    assert.equal(link === undefined, data.next === null, 'Link and next agree');
    if (link === undefined) break;
    const target: URL = new URL(link, new URL(path, t.url));
    path = target.pathname + target.search;
  }
  assert.deepEqual(seen, [8, 6, 4, 2, 0]);
});

scenario('3.2.4 after belongs to its filter and sort, and to its collection', { over: 'any' }, async (t) => {
  const [collection, other] = [await t.collection(), await t.collection()];
  for (const where of [collection, other])
    await write(
      t,
      Array.from({ length: 4 }, (_, n) => ({ method: 'POST', path: `/${where}`, data: { n, g: 1 } })),
    );
  const after = encodeURIComponent(succeeds(await t.admin.get(`/${collection}?limit=1&sort=n&filter[g]=1`)).next);
  succeeds(await t.admin.get(`/${collection}?limit=1&sort=n&filter[g]=1&after=${after}`), 200, 'its own');
  succeeds(await t.admin.get(`/${collection}?limit=3&sort=n&filter[g]=1&after=${after}`), 200, 'with another limit');
  const foreign = [
    `/${collection}?sort=-n&filter[g]=1&after=${after}`,
    `/${collection}?sort=n,g&filter[g]=1&after=${after}`,
    `/${collection}?filter[g]=1&after=${after}`,
    `/${collection}?sort=n&after=${after}`,
    `/${collection}?sort=n&filter[g]=2&after=${after}`,
    `/${collection}?sort=n&filter[g][gte]=1&after=${after}`,
    `/${other}?sort=n&filter[g]=1&after=${after}`,
  ];
  for (const path of foreign) refuses(await t.admin.get(path), ['INVALID_CURSOR', 'VALIDATION_FAILED'], undefined, path.replace(after, 'A'));
  for (const nonsense of ['x', '', '%00', 'null', `${after}x`, after.slice(0, -2), 'e30', 'W10', '..%2F', 'z'.repeat(2_000)]) {
    refuses(
      await t.admin.get(`/${collection}?sort=n&filter[g]=1&after=${nonsense}`),
      ['INVALID_CURSOR', 'VALIDATION_FAILED'],
      undefined,
      `after=${nonsense.slice(0, 40)}`,
    );
  }
});

/** Documents that exist throughout are called `s…`; everything else comes and goes while the pages are read. */
const churned = async (t: Trial, sort: string, limit: number): Promise<void> => {
  const collection = await t.collection();
  const stable = Array.from({ length: 20 }, (_, n) => ({ id: `s${String(n).padStart(2, '0')}`, g: n % 3, ...(n % 5 === 0 ? {} : { n: (n * 7) % 11 }) }));
  const passing = Array.from({ length: 20 }, (_, n) => ({ id: `p${String(n).padStart(2, '0')}`, g: n % 3, n: n % 11 }));
  await write(
    t,
    stable.flatMap((one, index) => [one, passing[index]]).map((data) => ({ method: 'POST', path: `/${collection}`, data })),
  );
  const left = new Set(passing.map(({ id }) => id));
  let serial = 0;
  const seen = await walk(t.admin, `/${collection}?limit=${limit}${sort === '' ? '' : `&sort=${sort}`}`, async (page) => {
    const operations: Json[] = [];
    // The last of the page, where the cursor stands, goes first of all.
    const going = [page.at(-1)?.id, page[0]?.id, [...left].at(-1), [...left][0]].filter((id) => left.has(id));
    for (const id of new Set(going)) {
      left.delete(id);
      operations.push({ method: 'DELETE', path: `/${collection}/${id}` });
    }
    for (const n of [-1, 5]) operations.push({ method: 'POST', path: `/${collection}`, data: { id: `n${serial++}`, g: serial % 3, n } });
    for (const one of page.slice(-2))
      if (one.id.startsWith('s')) operations.push({ method: 'PATCH', path: `/${collection}/${one.id}`, data: { touched: serial } });
    if (serial < 60) await write(t, operations);
  });
  const counts = new Map<string, number>();
  for (const { id } of seen) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const { id } of stable) assert.equal(counts.get(id), 1, `sort=${sort}, ${limit} a page: ${id} exists throughout and is seen once`);
  for (const [id, count] of counts) assert.equal(count, 1, `sort=${sort}, ${limit} a page: ${id} is not seen twice`);
};

for (const sort of ['', 'n', '-n', 'g,-n', 'id', '-createdAt', 'createdAt,n']) {
  scenario(`3.2.4 pages stay stable while others come and go, ${sort === '' ? 'unsorted' : `sort=${sort}`}`, {}, async (t) => {
    await churned(t, sort, 4);
  });
}

scenario('3.2.4 the page goes on though the document at its end was deleted or moved', { over: 'any' }, async (t) => {
  const collection = await t.collection();
  await write(
    t,
    Array.from({ length: 6 }, (_, n) => ({ method: 'POST', path: `/${collection}`, data: { id: `d${n}`, n } })),
  );
  const first = succeeds(await t.admin.get(`/${collection}?limit=3&sort=n`));
  succeeds(await t.admin.delete(`/${collection}/d2`), 204);
  succeeds(await t.admin.patch(`/${collection}/d1`, { n: 100 }));
  const second = succeeds(await t.admin.get(`/${collection}?limit=3&sort=n&after=${encodeURIComponent(first.next)}`));
  assert.deepEqual(second.items.map(({ id }: Json) => id).slice(0, 3), ['d3', 'd4', 'd5']);
});

/** A collection whose lists by `text` an index serves (3.2.5), as far as the server makes any. */
const indexed = async (t: Trial): Promise<string> => {
  const name = t.name('indexed');
  succeeds(await t.admin.http('POST', '/v1/collections', { data: { name, indexes: ['text'] } }), 201, 'a collection with an index');
  t.forget(name);
  return name;
};

/** Strings that differ only behind much that is the same, each of them twice, in their order. */
const alike = (much: string): string[] => ['', '0', '1', '\uff5e', '😀'].flatMap((end) => [much + end, much + end]);
const LONG: Record<string, string> = { ASCII: 'x'.repeat(12_000), CJK: '漢'.repeat(4_000), escapes: '"\\\u0001'.repeat(1_000) };

for (const [kind, much] of Object.entries(LONG)) {
  scenario(`3.2.4 what is sorted by long strings has pages like any other (${kind})`, { over: 'any' }, async (t) => {
    for (const collection of [await t.collection(), await indexed(t)]) {
      const texts = ['', ...alike(much), '\u{10ffff}', null, 5, undefined];
      await write(
        t,
        texts.map((text, n) => ({ method: 'POST', path: `/${collection}`, data: { id: `d${n}`, n: n % 2, ...(text === undefined ? {} : { text }) } })),
      );
      // Numbers before strings, missing ones at the end in either direction, ties as they were created.
      const [five, ...strings] = [texts.length - 2, ...texts.slice(0, -3).keys()];
      const missing = [texts.length - 3, texts.length - 1];
      for (const [sort, order] of [
        ['text', [five, ...strings, ...missing]],
        ['-text', [...strings.toReversed(), five, ...missing.toReversed()]],
      ] as const) {
        for (const limit of [1, 2, 3]) {
          const seen = await walk(t.admin, `/${collection}?sort=${sort}&limit=${limit}`);
          assert.deepEqual(
            seen.map(({ id }) => id),
            order.map((n) => `d${n}`),
            `${sort}, ${limit} a page`,
          );
        }
      }
      const both = await walk(t.admin, `/${collection}?sort=text,-n&limit=2`);
      assert.deepEqual(new Set(both.map(({ id }) => id)), new Set(texts.map((_, n) => `d${n}`)));
      assert.equal(both.length, texts.length);
    }
  });

  scenario(`3.2.4 pages by long strings go on where the document at their end was deleted or changed (${kind})`, { over: 'any' }, async (t) => {
    for (const sort of ['text', '-text']) {
      const collection = await (sort === 'text' ? t.collection() : indexed(t));
      const texts = alike(much);
      await write(
        t,
        texts.map((text, n) => ({ method: 'POST', path: `/${collection}`, data: { id: `d${n}`, text } })),
      );
      const ids = [...texts.keys()].map((n) => `d${n}`);
      const expected = sort === 'text' ? ids : ids.toReversed();
      let page = 0;
      const seen = await walk(t.admin, `/${collection}?sort=${sort}&limit=2`, async (items) => {
        const last = items.at(-1)?.id;
        if (page++ % 2 === 0) succeeds(await t.admin.delete(`/${collection}/${last}`), 204);
        // To the front of the list: what is behind the place is as it was.
        else succeeds(await t.admin.patch(`/${collection}/${last}`, { text: sort === 'text' ? '' : '\u{10ffff}' }));
      });
      assert.deepEqual(
        seen.map(({ id }) => id),
        expected,
        sort,
      );
    }
  });
}

scenario('3.2.4 none is left out where all around a long string changed, and what comes again begins like it', { over: 'any' }, async (t) => {
  for (const sort of ['text', '-text']) {
    const collection = await t.collection();
    const texts = ['a', ...alike(LONG['CJK'] as string), '\u{10ffff}'];
    await write(
      t,
      texts.map((text, n) => ({ method: 'POST', path: `/${collection}`, data: { id: `d${n}`, text } })),
    );
    const all = succeeds(await t.admin.get(`/${collection}?sort=${sort}`)).items.map(({ id }: Json) => id);
    const path = `/${collection}?sort=${sort}&limit=4`;
    const { next } = succeeds(await t.admin.get(path));
    // The last of the page and the first of the next one: it is known by these.
    for (const id of all.slice(3, 5)) succeeds(await t.admin.delete(`/${collection}/${id}`), 204);
    const rest = (await walk(t.admin, `${path}&after=${encodeURIComponent(next)}`.replace('limit=4', 'limit=100'))).map(({ id }) => id);
    const again = rest.slice(0, rest.indexOf(all[5]));
    assert.deepEqual(rest.slice(again.length), all.slice(5), 'what is behind the place, in order');
    for (const id of again) assert.ok(all.slice(1, 3).includes(id), `${id} was seen and begins so`);
  }
});

scenario('3.2.4 next stays short and the response readable, whatever the values and the filter', {}, async (t) => {
  const collection = await t.collection();
  const fields = [...'abcdefgh'];
  for (const much of Object.values(LONG))
    for (let n = 0; n < 2; n++) succeeds(await t.admin.post(`/${collection}`, Object.fromEntries(fields.map((field) => [field, much]))), 201);
  for (const sort of [fields.join(','), 'a']) {
    const answer = await t.admin.http('GET', `/v1/${collection}?limit=1&sort=${sort}`);
    const { next } = succeeds(answer);
    assert.ok(next.length <= 3 * 1024, `${next.length} characters for ${sort}`);
    assert.match(String(answer.headers.link), /rel="?next"?/);
    assert.equal((await walk(t.admin, `/${collection}?limit=1&sort=${sort}`)).length, 6);
  }
  // What an address may have as it is, and a Link may not.
  const path = `/${collection}?limit=1&sort=a&filter[b][ne]=${','.repeat(7_000)}`;
  const answer = await t.admin.http('GET', `/v1${path}`);
  assert.ok(String(answer.headers.link ?? '').length <= 8_300, 'a header that clients read');
  assert.equal((await walk(t.admin, path)).length, 6);
});

scenario('3.2.4 a page ends early at 4 MB, and the next goes on', {}, async (t) => {
  const collection = await t.collection();
  const text = 'x'.repeat(900_000);
  for (let n = 0; n < 11; n++) succeeds(await t.admin.post(`/${collection}`, { n, text }), 201);
  const seen: number[] = [];
  let pages = 0;
  let after = '';
  for (; pages < 20; pages++) {
    const answer = await t.admin.http('GET', `/v1/${collection}?sort=n${after}`);
    const data = succeeds(answer);
    assert.ok(answer.text.length <= 4 * 1_048_576 + 4_096, `a page of ${answer.text.length} bytes`);
    assert.ok(data.items.length > 0, 'a page has something in it');
    seen.push(...data.items.map(({ n }: Json) => n));
    if (data.next === null) break;
    after = `&after=${encodeURIComponent(data.next)}`;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 11 }, (_, n) => n),
  );
  assert.ok(pages >= 2, 'it took several');
});
