// The lines of an export in the groups that go to a server as one request each. Where a group ends depends on the lines alone, so that a run that goes on makes
// the same requests again, and those that took effect are known by their names.
import type { Line } from '../frame/input.ts';
import { type BodyLine, readBody } from './format.ts';

export interface Item<L extends BodyLine = BodyLine> {
  readonly line: L;
  readonly number: number;
  readonly text: string;
}

export interface Group {
  readonly items: readonly Item[];
  /** The number of the last line and the bytes up to its end. */
  readonly line: number;
  readonly bytes: number;
  /** Whether the source ended in the middle of a line behind it. */
  readonly isCut: boolean;
}

const MOST_BYTES = 4 * 1024 * 1024;

/** Lines of one type together, up to `most`. */
export async function* groupsOf(lines: AsyncIterable<Line>, most: number, mostBytes = MOST_BYTES): AsyncGenerator<Group> {
  let items: Item[] = [];
  let bytes = 0;
  let last: Line | undefined;
  const group = (isCut: boolean): Group => {
    const made = { items, line: last?.number ?? 0, bytes: last?.end ?? 0, isCut };
    items = [];
    bytes = 0;
    return made;
  };
  for await (const line of lines) {
    if (!line.whole) {
      if (items.length > 0) yield group(false);
      yield group(true);
      return;
    }
    const body = readBody(line.text, `Line ${line.number}`);
    const size = Buffer.byteLength(line.text);
    const isFull = items.length >= most || bytes + size > mostBytes;
    if (items.length > 0 && (isFull || items[0]?.line.type !== body.type)) yield group(false);
    items.push({ line: body, number: line.number, text: line.text });
    bytes += size;
    last = line;
  }
  if (items.length > 0) yield group(false);
}
