// Documents over the protocol's own paths and queries (3.2): what a list is asked, and what state a document was read in.
import type { Answer, FilterValue, List, ListOptions, Page } from './api.ts';
import { type Call, pathTo } from './calls.ts';

const tags = new WeakMap<object, string>();

/** The ETag that a document was read or written with: what `ifMatch` takes. Undefined for one that came in a list or a message, which bring none. */
export const etagOf = (document: object): string | undefined => tags.get(document);

/** The document of an answer, its tag remembered. */
export const documentIn = <T>({ data, headers }: Answer): T => {
  const tag = headers['etag'];
  if (tag !== undefined && data instanceof Object) tags.set(data, tag);
  return data as T;
};

const listQuery = ({ limit, sort, filter = {} }: ListOptions, after: string | undefined): string => {
  const query = new URLSearchParams();
  /** Lists read a value by the schema, else as JSON where it parses as a scalar (3.2.4). */
  const add = (name: string, value: FilterValue | readonly FilterValue[] | undefined): void => {
    if (value !== undefined) query.append(name, [value].flat().map(String).join());
  };
  add('limit', limit);
  add('sort', sort);
  add('after', after);
  for (const [field, asked] of Object.entries(filter)) {
    if (asked instanceof Object) for (const [operator, value] of Object.entries(asked)) add(`filter[${field}][${operator}]`, value);
    else add(`filter[${field}]`, asked);
  }
  return `?${query}`;
};

export const list = <T>(call: Call, collection: string, options: ListOptions): List<T> => {
  const page = async (after: string | undefined): Promise<Page<T>> => {
    // Each page is a request of its own: a requestId would name but one.
    const { requestId: _, ...asked } = options;
    return (await call('GET', `${pathTo(collection)}${listQuery(options, after)}`, asked)).data as Page<T>;
  };
  async function* pages(): AsyncGenerator<Page<T>> {
    for (let after: string | null | undefined = options.after; after !== null; ) {
      const found: Page<T> = await page(after);
      yield found;
      after = found.next;
    }
  }
  async function* items(): AsyncGenerator<T> {
    for await (const found of pages()) yield* found.items;
  }
  return {
    pages,
    page: () => page(options.after),
    all: async () => {
      const all: T[] = [];
      for await (const item of items()) all.push(item);
      return all;
    },
    [Symbol.asyncIterator]: items,
  };
};
