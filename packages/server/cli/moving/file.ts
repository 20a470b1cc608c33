// Where an export was interrupted, by what its file holds: a last line that was cut off goes, the last whole one says where to go on.
import { type FileHandle, open } from 'node:fs/promises';

export interface Found {
  readonly first: string;
  readonly last: string;
  /** Whole lines. */
  readonly lines: number;
  /** Bytes of whole lines. */
  readonly bytes: number;
}

const CHUNK = 1024 * 1024;
const FEED = 10;

const textBetween = async (file: FileHandle, from: number, to: number): Promise<string> => {
  const buffer = Buffer.alloc(to - from);
  await file.read(buffer, 0, buffer.length, from);
  return buffer.toString('utf8');
};

/** What whole lines a file holds; undefined where there is none. Reads it once, a piece at a time. */
export const lookInto = async (file: FileHandle): Promise<Found | undefined> => {
  const buffer = Buffer.allocUnsafe(CHUNK);
  let [lines, at, firstEnd, lastStart, end] = [0, 0, 0, 0, 0];
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    for (let feed = piece.indexOf(FEED); feed !== -1; feed = piece.indexOf(FEED, feed + 1)) {
      lines++;
      lastStart = end;
      end = at + feed + 1;
      if (lines === 1) firstEnd = end;
    }
    at += bytesRead;
  }
  if (lines === 0) return undefined;
  return { first: await textBetween(file, 0, firstEnd - 1), last: await textBetween(file, lastStart, end - 1), lines, bytes: end };
};

export const openFile = (path: string): Promise<FileHandle> => open(path, 'a+', 0o600);
