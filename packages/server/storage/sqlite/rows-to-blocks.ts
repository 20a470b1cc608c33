// A migration: a log of a row for each message becomes one of blocks (decision 0016). Some rows at a time, each time removed behind: neither memory nor the file needs room for
// the log twice. The caller's transaction makes all of it stand or fall together.
import type { NewMessage } from '../../ports/storage.ts';
import { BlockBuilder } from './block-builder.ts';
import { type Database, eachRow, firstRow, prepareRows, type Value } from './database.ts';
import { fingerprints } from './fingerprint.ts';

const ROWS_AT_ONCE = 1_024;
/** Large messages are fewer at a time. */
const BYTES_AT_ONCE = 4 << 20;

const BLOCKS_SQL = `
  ALTER TABLE log RENAME TO log_rows;
  -- A block holds the messages from first to last, without gaps; block.ts says what lies in it. An insert goes to the end of the table, as places grow.
  CREATE TABLE log (
    last INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    time INTEGER NOT NULL,
    names TEXT NOT NULL,
    facts BLOB NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
`;

const messageOf = ([, timestamp, change, topic, messageId, , , data]: readonly Value[]): NewMessage => ({
  messageId: String(messageId),
  topic: String(topic),
  timestamp: Number(timestamp),
  data: String(data),
  change: Number(change) === 1,
});

const textOf = (value: Value | undefined): string | null => (value === null || value === undefined ? null : String(value));

export const rowsToBlocks = (database: Database): void => {
  database.exec(BLOCKS_SQL);
  const { ofTexts } = fingerprints(String(firstRow(prepareRows(database, 'SELECT salt FROM state WHERE id = 1'))?.[0] ?? ''));
  const builder = new BlockBuilder(database);
  const oldest = prepareRows(
    database,
    `SELECT seq, timestamp, change, topic, message_id, client, request_id, data FROM log_rows ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  const remove = database.prepare('DELETE FROM log_rows WHERE seq <= ?');
  for (;;) {
    let through = 0;
    let bytes = 0;
    for (const row of eachRow(oldest)) {
      const message = messageOf(row);
      const [client, requestId] = [textOf(row[5]), textOf(row[6])];
      const isPublish = client !== null && requestId !== null;
      const size = Buffer.byteLength(message.messageId) + Buffer.byteLength(requestId ?? '') + Buffer.byteLength(message.data);
      through = Number(row[0]);
      if (!builder.takes(through, message.timestamp, size)) builder.write();
      builder.add(through, message, isPublish ? client : null, isPublish ? requestId : null, isPublish ? ofTexts(client, requestId) : 0, size);
      bytes += size;
      if (bytes > BYTES_AT_ONCE) break;
    }
    if (through === 0) break;
    remove.run(through);
  }
  builder.write();
  database.exec('DROP TABLE log_rows');
};
