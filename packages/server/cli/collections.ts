// `godwit collections`: collections made, shown, changed and removed (3.2.5).
import { isObject, type JsonSchema } from '@godwit/protocol';
import type { Call, Run } from './frame/call.ts';
import { showDocument } from './frame/document.ts';
import { readData } from './frame/input.ts';
import { path } from './frame/path.ts';
import { UsageError } from './frame/usage.ts';

interface Collection {
  readonly name: string;
  readonly schema: JsonSchema | boolean | null;
  readonly indexes: readonly string[];
  readonly source: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const fieldsOf = (schema: Collection['schema']): string => {
  if (!isObject(schema)) return schema === null ? '-' : String(schema);
  return isObject(schema['properties']) ? Object.keys(schema['properties']).join(', ') : 'yes';
};

/** What `--schema` and `--index` say; a member is absent where its flag is. */
const declared = async (call: Call<'collections create'> | Call<'collections replace'>): Promise<{ schema?: unknown; indexes?: readonly string[] }> => {
  const { schema, index } = call.flags;
  return { ...(schema === undefined ? {} : { schema: await readData(schema, call) }), ...(index.length === 0 ? {} : { indexes: index }) };
};

export const listCollections: Run<'collections list'> = async ({ output, signal, connect }) => {
  const client = await connect();
  const { data } = await client.request<{ items: readonly Collection[] }>('GET', '/collections', { signal });
  if (output.json) return output.table([], data.items as unknown as Record<string, unknown>[]);
  const rows = data.items.map(({ schema, indexes, ...rest }) => ({ ...rest, fields: fieldsOf(schema), indexes: indexes.join(' ') }));
  await output.table(['name', 'fields', 'indexes', 'source', 'updatedAt'], rows, 'There are no collections.');
};

export const showCollection: Run<'collections show'> = async ({ words, output, signal, connect }) => {
  const client = await connect();
  await showDocument(output, (await client.request<Collection>('GET', path('collections', words.name), { signal })).data);
};

export const createCollection: Run<'collections create'> = async (call) => {
  const data = { name: call.words.name, ...(await declared(call)) };
  const client = await call.connect();
  await showDocument(call.output, (await client.request<Collection>('POST', '/collections', { data, signal: call.signal })).data);
};

export const replaceCollection: Run<'collections replace'> = async (call) => {
  const given = await declared(call);
  if (Object.keys(given).length === 0) throw new UsageError('Say what changes: --schema, --index.', 'collections replace');
  const client = await call.connect();
  const at = path('collections', call.words.name);
  const { schema, indexes } = (await client.request<Collection>('GET', at, { signal: call.signal })).data;
  await showDocument(call.output, (await client.request<Collection>('PUT', at, { data: { schema, indexes, ...given }, signal: call.signal })).data);
};

export const deleteCollections: Run<'collections delete'> = async ({ words, output, signal, connect }) => {
  const client = await connect();
  for (const name of words.name) {
    await client.request('DELETE', path('collections', name), { signal });
    await output.show({ name, deleted: true }, `Removed ${name}`);
  }
};
