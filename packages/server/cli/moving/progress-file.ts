// How far an import is, in a file beside its source: written whole after each batch that was confirmed, so that a run that was killed is gone on with.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { CommandError } from '../frame/failure.ts';

export interface Counts {
  readonly collections: number;
  readonly documents: number;
  readonly same: number;
  readonly skipped: number;
  readonly replaced: number;
  readonly messages: number;
  readonly passedOver: number;
}

export interface ImportProgress {
  readonly type: 'godwit-import';
  readonly format: 1;
  /** The id of the export. */
  readonly source: string;
  readonly url: string;
  /** A place in the log that it goes to, by which another log is told from this one; null where the key may not see it. */
  readonly log: string | null;
  /** Tells one import of a file from the next. */
  readonly run: string;
  /** Operations in each request: the same requests are made again. */
  readonly batch: number;
  /** The last line that is done, and the bytes up to there. */
  readonly line: number;
  readonly bytes: number;
  readonly counts: Counts;
  readonly done: boolean;
}

export const NOTHING: Counts = { collections: 0, documents: 0, same: 0, skipped: 0, replaced: 0, messages: 0, passedOver: 0 };

/** Reads it; undefined where there is none. */
export const readProgress = async (path: string): Promise<ImportProgress | undefined> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as ImportProgress;
    if (value.type === 'godwit-import' && value.format === 1) return value;
  } catch {
    // Said below.
  }
  throw new CommandError(`${path} is no progress of an import`, {
    code: 'FORMAT',
    remedy: 'Remove it to import from the beginning; what took effect in the last 24 hours does not again.',
  });
};

/** Puts it in the place of the one before, as a whole. */
export const writeProgress = async (path: string, progress: ImportProgress): Promise<void> => {
  await writeFile(`${path}.new`, `${JSON.stringify(progress)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
};
