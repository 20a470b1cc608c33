// `godwit import`: what an export wrote, into a server. May be interrupted at any moment: what was confirmed is noted beside the file, and what was confirmed and not
// yet noted is asked for again by its name and takes effect once.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Client, GodwitError } from '@godwit/client';
import type { Call, Run } from './frame/call.ts';
import { needCredentials } from './frame/connection.ts';
import { CommandError } from './frame/failure.ts';
import { type Line, readLines } from './frame/input.ts';
import { query } from './frame/path.ts';
import { limitText } from './frame/patience.ts';
import { countText, Progress } from './frame/progress.ts';
import { type Header, readHeader } from './moving/format.ts';
import { groupsOf } from './moving/groups.ts';
import { type ImportProgress, NOTHING, readProgress, writeProgress } from './moving/progress-file.ts';
import { added, isEnd, Target } from './moving/target.ts';

const MOST = 100;

interface Source {
  readonly header: Header;
  /** The lines behind a place. */
  from(line: number, bytes: number): AsyncIterable<Line>;
  /** Undefined for standard input. */
  readonly size: number | undefined;
  readonly progressFile: string | undefined;
}

const openSource = async (file: string, { stdin, cwd }: Pick<Call<'import'>, 'stdin' | 'cwd'>): Promise<Source> => {
  const isInput = file === '-';
  const where = resolve(cwd, file);
  const size = isInput ? undefined : (await stat(where)).size;
  const lines = readLines(isInput ? stdin : createReadStream(where));
  const first = await lines.next();
  if (first.done === true || !first.value.whole) throw new CommandError(`${isInput ? 'Standard input' : file} is empty`, { code: 'FORMAT' });
  const header = readHeader(first.value.text, isInput ? 'Standard input' : file);
  const afterHeader = first.value;
  if (!isInput) await lines.return(undefined);
  return {
    header,
    size,
    progressFile: isInput ? undefined : `${where}.progress`,
    from: (line, bytes) =>
      isInput
        ? lines
        : line < afterHeader.number
          ? readLines(createReadStream(where, { start: afterHeader.end }), afterHeader)
          : readLines(createReadStream(where, { start: bytes }), { number: line, end: bytes }),
  };
};

/** A place in the server's log; null where this key may not see one. */
const placeIn = async (client: Client, after: string, signal: AbortSignal): Promise<string | null> => {
  try {
    return (await client.request<{ cursor: string }>('GET', `/messages${query({ topics: '**', after, limit: 1 })}`, { signal })).data.cursor;
  } catch (error) {
    if (error instanceof GodwitError && ['FORBIDDEN', 'CURSOR_EXPIRED'].includes(error.code)) return null;
    throw error;
  }
};

/** The same file may go to another server, and a server may have been wiped: then what was noted is not true of it. */
const checkSame = async (found: ImportProgress, { header, progressFile }: Source, url: string, client: Client, signal: AbortSignal): Promise<void> => {
  const remedy = `Remove ${progressFile} to import from the beginning.`;
  if (found.source !== header.id) throw new CommandError(`${progressFile} is of another export`, { code: 'FILE', remedy });
  if (found.url !== url) throw new CommandError(`${progressFile} is of an import into ${found.url}`, { code: 'FILE', remedy });
  if (found.log === null) return;
  try {
    await placeIn(client, found.log, signal);
  } catch (error) {
    if (!(error instanceof GodwitError) || error.code !== 'INVALID_CURSOR') throw error;
    throw new CommandError(`The store behind ${url} is not the one that the import went to`, { code: 'FILE', remedy });
  }
};

const collectionsAt = async (client: Client, header: Header, signal: AbortSignal): Promise<Set<string>> => {
  try {
    const { data } = await client.request<{ items: readonly { name: string }[] }>('GET', '/collections', { signal });
    return new Set(data.items.map(({ name }) => name));
  } catch (error) {
    if (error instanceof GodwitError && error.code === 'FORBIDDEN') return new Set(header.collections);
    throw error;
  }
};

const begin = async (source: Source, url: string, client: Client, again: boolean, signal: AbortSignal): Promise<ImportProgress> => {
  const found = source.progressFile === undefined ? undefined : await readProgress(source.progressFile);
  if (found !== undefined) await checkSame(found, source, url, client, signal);
  if (found !== undefined && !(found.done && again)) return found;
  const { data } = await client.request<{ limits: Record<string, number> }>('GET', '', { signal });
  const { maxBatchOperations = MOST, operationsPerMinute = MOST } = data.limits;
  const log = await placeIn(client, 'latest', signal);
  const run = again ? crypto.randomUUID() : '';
  const batch = Math.max(1, Math.min(MOST, maxBatchOperations, operationsPerMinute));
  return { type: 'godwit-import', format: 1, source: source.header.id, url, log, run, batch, line: 0, bytes: 0, counts: NOTHING, done: false };
};

export const importData: Run<'import'> = async (call) => {
  const { words, flags, output, signal } = call;
  const whom = await call.whom();
  needCredentials(whom);
  const source = await openSource(words.file, call);
  let tell: (why: string) => void = () => {};
  const client = await call.connect({}, (seconds) => tell(limitText(seconds)));
  let state = await begin(source, whom.url, client, flags.again, signal);
  if (state.done) {
    output.note(`${words.file} was imported into ${whom.url} already; --again imports it once more.`);
    return output.value({ ...state.counts, done: true });
  }
  if (state.line > 0) output.note(`Going on after line ${countText(state.line)} of ${words.file}.`);
  const progress = new Progress(output, call.now);
  const step = (waiting?: string): void =>
    progress.step({
      doing: `Importing ${words.file}`,
      done: state.line,
      unit: 'lines',
      waiting,
      part: source.size === undefined ? undefined : state.bytes / source.size,
    });
  tell = step;
  const warn = (sentence: string): void => {
    progress.clear();
    output.note(sentence);
  };
  const name = `${state.source} ${state.run}`;
  const collections = await collectionsAt(client, source.header, signal);
  const target = new Target({ client, name, existing: flags.existing, collections, signal, waiting: step, warn });
  try {
    for await (const group of groupsOf(source.from(state.line, state.bytes), state.batch)) {
      if (group.isCut) break;
      if (signal.aborted) throw signal.reason;
      const did = await target.take(group);
      const { items, line, bytes } = group;
      state = { ...state, line, bytes, counts: added(state.counts, did), done: isEnd(items.at(-1)?.line) };
      if (source.progressFile !== undefined) await writeProgress(source.progressFile, state);
      step();
    }
  } finally {
    progress.clear();
  }
  const { documents, same, skipped, replaced, messages, passedOver } = state.counts;
  const also = [
    same > 0 ? `${countText(same)} documents were there already` : '',
    skipped > 0 ? `${countText(skipped)} skipped` : '',
    replaced > 0 ? `${countText(replaced)} replaced` : '',
    passedOver > 0 ? `${countText(passedOver)} messages of collections passed over` : '',
  ].filter((part) => part !== '');
  output.note(`Imported ${countText(documents)} documents and ${countText(messages)} messages${also.length === 0 ? '' : `; ${also.join(', ')}`}.`);
  await output.value({ ...state.counts, done: state.done });
  if (state.done) return;
  throw new CommandError(`${words.file === '-' ? 'Standard input' : words.file} ends before its end: the export was interrupted`, {
    code: 'CUT',
    remedy: 'Run the export again and then the import: both go on.',
  });
};
