// Which lists an index leads to. The others may have to look at a whole collection: they get a thread of their own, so that
// they hold up only each other.
import type { ListQuery, StoredCollection } from '../../ports/storage.ts';
import { pathOf } from './paths.ts';

const CREATED = ['createdAt'];
const nameOf = (path: readonly string[]): string => JSON.stringify(path);
const same = (one: readonly string[], other: readonly string[]): boolean => one.length === other.length && one.every((name, at) => name === other[at]);
/** The order of an index or a sort: its keys, then creation. */
const ordered = (names: readonly string[]): string[] => [...new Set([...names, nameOf(CREATED)])];

/** Whether a page can be read off an index: its conditions lead to where it begins, and its order is that of the index. */
export const isServed = (indexes: StoredCollection['indexes'], { conditions, sort }: Pick<ListQuery, 'conditions' | 'sort'>): boolean => {
  const equal = conditions.filter(({ comparison }) => comparison === 'eq').map(({ path }) => nameOf(path));
  if (equal.includes(nameOf(['id']))) return true;
  if (sort.some(({ descending }) => descending !== sort[0]?.descending)) return false;
  const others = conditions.filter(({ comparison }) => comparison !== 'eq').map(({ path }) => nameOf(path));
  const order = ordered(sort.map(({ path }) => nameOf(path)));
  return [...indexes.map((index) => index.map((dotted) => nameOf(pathOf(dotted)))), [], [nameOf(['id'])]].some((index) => {
    const led = index.findIndex((name) => !equal.includes(name));
    const leading = led === -1 ? index.length : led;
    const walked = ordered(index.slice(leading));
    if (equal.some((name) => !index.slice(0, leading).includes(name))) return false;
    return same(walked, order) && others.every((name) => name === walked[0]);
  });
};
