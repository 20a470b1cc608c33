// A reader thread: pages of the log, or pages of lists, over a connection that only reads. One query after the other; the
// two kinds have threads of their own, so that a slow list holds up no subscriber.
import { parentPort, workerData } from 'node:worker_threads';
import type { CountQuery, ListQuery, LogQuery } from '../../ports/storage.ts';
import { openForReading } from './database.ts';
import { type Fault, faultOf, isTableGone } from './faults.ts';
import { Gate } from './gate.ts';
import { packEmptyPage } from './list-page.ts';
import { type Packed, Packer } from './packing.ts';

export type ToReader =
  | { readonly kind: 'list'; readonly id: number; readonly number: number; readonly query: ListQuery }
  | { readonly kind: 'log'; readonly id: number; readonly query: LogQuery }
  | { readonly kind: 'count'; readonly id: number; readonly query: CountQuery }
  | { readonly kind: 'close' };

export type FromReader = { readonly id: number; readonly page: Packed } | { readonly id: number; readonly fault: Fault };

const { path, reads, gate: memory } = workerData as { readonly path: string; readonly reads: 'log' | 'list'; readonly gate: SharedArrayBuffer };
const port = parentPort;
if (port === null) throw new Error('A reader runs in a worker thread.');

const gate = new Gate(memory);
const database = openForReading(path);
const packer = new Packer();
// Each thread loads only what it reads with.
const log = reads === 'log' ? new (await import('./log-reader.ts')).LogReader(database) : undefined;
const list = reads === 'list' ? new (await import('./list-reader.ts')).ListReader(database) : undefined;

const answer = (message: Exclude<ToReader, { kind: 'close' }>): FromReader => {
  gate.pass();
  try {
    if (message.kind === 'log') log?.read(message.query, packer);
    else if (message.kind === 'count') log?.count(message.query, packer);
    else list?.read(message.number, message.query, packer);
    return { id: message.id, page: packer.finish() };
  } catch (error) {
    packer.finish();
    if (message.kind === 'list' && isTableGone(error)) {
      // The collection was removed meanwhile: what is unknown is empty.
      packEmptyPage(packer);
      return { id: message.id, page: packer.finish() };
    }
    return { id: message.id, fault: faultOf(error) };
  }
};

port.on('message', (message: ToReader) => {
  if (message.kind === 'close') {
    database.close();
    port.close();
    return;
  }
  port.postMessage(answer(message));
});
