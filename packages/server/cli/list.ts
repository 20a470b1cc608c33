// `godwit list`: documents of a collection, filtered and sorted by the server (3.2.4); here only pages are joined and columns chosen.
import { BOUNDS } from '@godwit/protocol';
import type { Run } from './frame/call.ts';
import { path, query } from './frame/path.ts';
import { UsageError } from './frame/usage.ts';

type Document = Readonly<Record<string, unknown>>;

const FILTER = /^\s*([^=!<>\s]+)\s*(!=|>=|<=|=in:|=|>|<)(.*)$/s;
const OPERATORS: Readonly<Record<string, string>> = { '=': '', '!=': '[ne]', '>': '[gt]', '>=': '[gte]', '<': '[lt]', '<=': '[lte]', '=in:': '[in]' };

/** `total>=10` as a parameter of the query. */
export const filterOf = (text: string): readonly [string, string] => {
  const [, field, operator, value] = FILTER.exec(text) ?? [];
  if (field === undefined || operator === undefined || value === undefined)
    throw new UsageError(`A filter is a field, one of = != > >= < <=, and a value, such as 'status=open'.`, 'list');
  return [`filter[${field}]${OPERATORS[operator]}`, value.trim()];
};

/** Columns of a table: the id, what the documents say themselves, and when they changed. */
const columnsOf = (documents: readonly Document[]): string[] => {
  const own = new Set(documents.flatMap((document) => Object.keys(document)));
  for (const kept of ['id', 'version', 'createdAt', 'updatedAt']) own.delete(kept);
  return ['id', ...[...own].slice(0, 8), 'updatedAt'];
};

const at = (document: Document, field: string): unknown =>
  field.split('.').reduce<unknown>((value, member) => (typeof value === 'object' && value !== null ? (value as Document)[member] : undefined), document);

export const list: Run<'list'> = async ({ words, flags, output, signal, connect }) => {
  const filters = Object.fromEntries(flags.filter.map(filterOf));
  const client = await connect();
  const most = flags.all ? Number.POSITIVE_INFINITY : flags.limit;
  let columns = flags.columns.length > 0 ? [...flags.columns] : undefined;
  let after = flags.after;
  for (let left = most, first = true; left > 0; first = false) {
    const where = query({ ...filters, sort: flags.sort, after, limit: Math.min(left, BOUNDS.listLimit.max) });
    const { data } = await client.request<{ items: readonly Document[]; next: string | null }>('GET', path(words.collection) + where, { signal });
    if (output.json) for (const document of data.items) await output.value(document);
    else {
      columns ??= columnsOf(data.items);
      const rows = data.items.map((document) => Object.fromEntries((columns as string[]).map((column) => [column, at(document, column)])));
      if (first || rows.length > 0) await output.table(columns, rows, 'There are no such documents.');
    }
    left -= data.items.length;
    after = data.next ?? undefined;
    if (after === undefined) return;
  }
  if (after !== undefined) {
    if (output.json) output.error(JSON.stringify({ next: after }));
    else output.note(`There are more: --all for all of them, or --after ${after}`);
  }
};
