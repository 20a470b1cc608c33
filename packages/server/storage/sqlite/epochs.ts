// The stretches of the log: each start that can write begins one, so that a place of a wiped or restored store is never
// taken for one of this one (clause 1, cursors).
import { randomInt } from 'node:crypto';
import type { Epoch } from '../../ports/storage.ts';
import { NEWEST_SQL } from './block.ts';
import { type Database, firstRow, prepareRows, rows, type Value } from './database.ts';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';
const TAG_LENGTH = 8;

const newTag = (): string => Array.from({ length: TAG_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');

/** Begins an epoch. One that no message ever came into is replaced: restarts of an idle server leave no trail. */
export const beginEpoch = (database: Database): void => {
  const [last] = firstRow(prepareRows(database, NEWEST_SQL)) as Value[];
  const first = Number(last) + 1;
  database.exec('BEGIN IMMEDIATE');
  try {
    // The first epoch stays even when it is empty: place 0 belongs to it.
    database.prepare('DELETE FROM epochs WHERE first >= ? AND rowid > (SELECT min(rowid) FROM epochs)').run(first);
    database.prepare('INSERT INTO epochs (first, tag) VALUES (?, ?)').run(first, newTag());
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

/** All epochs, the oldest first. */
export const readEpochs = (database: Database): Epoch[] =>
  rows(prepareRows(database, 'SELECT first, tag FROM epochs ORDER BY rowid')).map(([first, tag]) => ({ first: Number(first), tag: String(tag) }));
