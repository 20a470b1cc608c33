// `godwit export`: collections and messages as lines (see moving/format.ts). To a file it can be interrupted at any moment: the last whole line says where the
// next run goes on, and the file becomes what it would have been.
import { resolve } from 'node:path';
import type { Client } from '@godwit/client';
import type { Call, Run } from './frame/call.ts';
import { needCredentials } from './frame/connection.ts';
import { CommandError } from './frame/failure.ts';
import { path, query } from './frame/path.ts';
import { limitText } from './frame/patience.ts';
import { countText, Progress } from './frame/progress.ts';
import { UsageError } from './frame/usage.ts';
import { lookInto, openFile } from './moving/file.ts';
import { type BodyLine, FORMAT, type Header, readBody, readHeader, type Selection } from './moving/format.ts';
import { pagesOf } from './moving/source.ts';

interface Sink {
  write(text: string): Promise<void>;
  finish(): Promise<void>;
}

interface Begun {
  readonly header: Header | undefined;
  readonly last: BodyLine | undefined;
  readonly lines: number;
  readonly sink: Sink;
}

const sameSelection = (one: Selection, other: Selection): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Opens the file and finds what it holds of the same export. */
const begin = async (out: string, selection: Selection, url: string): Promise<Begun> => {
  const file = await openFile(out);
  try {
    const found = await lookInto(file);
    const sink: Sink = {
      write: async (text) => {
        await file.appendFile(text);
      },
      finish: async () => {
        await file.sync();
        await file.close();
      },
    };
    if (found === undefined) {
      await file.truncate(0);
      return { header: undefined, last: undefined, lines: 0, sink };
    }
    const header = readHeader(found.first, out);
    if (!sameSelection(header.selection, selection) || header.url !== url)
      throw new CommandError(`${out} holds an export of other things, or of another server`, {
        code: 'FILE',
        remedy: 'Name another file, or remove this one.',
      });
    await file.truncate(found.bytes);
    return { header, last: found.lines === 1 ? undefined : readBody(found.last, `The last line of ${out}`), lines: found.lines, sink };
  } catch (error) {
    await file.close();
    throw error;
  }
};

const headerOf = async (client: Client, { signal, now }: Call<'export'>, selection: Selection, url: string): Promise<Header> => {
  const { data: server } = await client.request<Header['server']>('GET', '', { signal });
  const all = selection.collections.includes('*');
  const named = all
    ? (await client.request<{ items: readonly { name: string }[] }>('GET', '/collections', { signal })).data.items.map(({ name }) => name).sort()
    : [...new Set(selection.collections)];
  if (!all) for (const name of named) await client.request('GET', path(name) + query({ limit: 1 }), { signal });
  const where = query({ topics: selection.messages.join(','), limit: 1 });
  const until = selection.messages.length === 0 ? null : (await client.request<{ cursor: string }>('GET', `/messages${where}`, { signal })).data.cursor;
  return {
    type: 'godwit-export',
    format: FORMAT,
    id: crypto.randomUUID(),
    time: new Date(now()).toISOString(),
    url,
    server: { name: server.name, version: server.version, protocolVersion: server.protocolVersion },
    selection,
    collections: named,
    until,
  };
};

export const exportData: Run<'export'> = async (call) => {
  const { flags, output, signal } = call;
  const selection: Selection = { collections: flags.collections, messages: flags.messages, after: flags.after };
  if (selection.collections.length === 0 && selection.messages.length === 0)
    throw new UsageError("Say what to export: --collections orders,customers or '*', --messages 'shop.**'.", 'export');
  const whom = await call.whom();
  needCredentials(whom);
  const toFile = flags.out !== undefined && flags.out !== '-';
  let tell: (why: string) => void = () => {};
  const client = await call.connect({}, (seconds) => tell(limitText(seconds)));
  const progress = new Progress(output, call.now);
  // Asked before the file is made, so that a wrong address, or the name of no collection, leaves nothing behind.
  const fresh = await headerOf(client, call, selection, whom.url);
  const begun: Begun = toFile
    ? await begin(resolve(call.cwd, flags.out as string), selection, whom.url)
    : { header: undefined, last: undefined, lines: 0, sink: { write: (text) => output.write(text), finish: async () => {} } };
  const { sink, last } = begun;
  const header = begun.header ?? fresh;
  let { lines } = begun;
  const started = lines;
  const counts = { documents: 0, messages: 0 };
  try {
    if (last?.type === 'end') {
      output.note(`${flags.out} is whole already: ${countText(last.lines)} lines.`);
    } else {
      if (lines > 0) output.note(`Going on after line ${countText(lines)} of ${flags.out}.`);
      const write = async (some: readonly unknown[]): Promise<void> => {
        if (some.length === 0) return;
        await sink.write(some.map((line) => `${JSON.stringify(line)}\n`).join(''));
        lines += some.length;
      };
      if (begun.header === undefined) await write([header]);
      let doing = 'Exporting';
      const step = (part?: number, waiting?: string): void => progress.step({ doing, done: lines - started, unit: 'lines', part, waiting });
      tell = (why) => step(undefined, why);
      for await (const page of pagesOf({ client, header, last, signal, waiting: tell })) {
        doing = `Exporting ${page.of}`;
        await write(page.lines);
        for (const { type } of page.lines) {
          if (type === 'document') counts.documents++;
          if (type === 'message') counts.messages++;
          if (type === 'gap') output.note('Messages are missing here: they are no longer kept.');
        }
        step(page.part);
        if (signal.aborted) throw signal.reason;
      }
      await write([{ type: 'end', lines }]);
    }
  } finally {
    progress.clear();
    await sink.finish();
  }
  output.note(`Exported ${countText(counts.documents)} documents and ${countText(counts.messages)} messages${toFile ? ` to ${flags.out}` : ''}.`);
  if (toFile) await output.value({ file: flags.out, lines, ...counts });
};
