// Schemas of the application as OpenAPI components. That of a collection three times: as it was declared, as it is sent and as it is read, with the
// members that the server keeps (3.2.2).
import { DocumentShape, type JsonSchema } from '@godwit/protocol';
import { EXAMPLE_TIME } from './openapi-components.ts';

export interface DescribedCollection {
  readonly name: string;
  readonly schema: object | boolean | null;
}

const KEPT = DocumentShape.properties;

/** Keywords whose value is data, in which a `$ref` is a member like any other. */
const DATA: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'example']);
/** Keywords whose members are named by the user, each a schema. */
const NAMED: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const mapValues = (object: Record<string, unknown>, change: (value: unknown, name: string) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));

/** References within a schema begin at its own root; as a part of a larger document they begin there. */
const moved = (schema: unknown, own: string, place: string, root = true): unknown => {
  if (Array.isArray(schema)) return schema.map((item) => moved(item, own, place, false));
  // A part with an `$id` of its own is a root of its own.
  if (!isObject(schema) || (!root && typeof schema.$id === 'string')) return schema;
  return mapValues(schema, (value, keyword) => {
    if (keyword === '$ref' && typeof value === 'string') {
      const local = own !== '' && (value === own || value.startsWith(`${own}#`)) ? value.slice(own.length) : value;
      return local === '' || local === '#' ? place : local.startsWith('#/') ? `${place}${local.slice(1)}` : local;
    }
    if (DATA.has(keyword)) return value;
    if (NAMED.has(keyword) && isObject(value)) return mapValues(value, (part) => moved(part, own, place, false));
    return moved(value, own, place, false);
  });
};

const ownName = (schema: JsonSchema): string => (typeof schema.$id === 'string' ? schema.$id.replace(/#$/, '') : '');

/** A schema that stood by itself, as the component of this name. */
export const embedded = (schema: JsonSchema, name: string): JsonSchema => {
  const { $id: _id, $schema: _dialect, ...bare } = schema;
  return moved(bare, ownName(schema), `#/components/schemas/${name}`) as JsonSchema;
};

const pointed = (root: JsonSchema, pointer: string): unknown =>
  pointer
    .slice(2)
    .split('/')
    .map((segment) => decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, segment) => (isObject(at) ? at[segment] : undefined), root);

/** What the root says, through references to parts of itself: what has to be joined with the kept members has to be in one place. */
const unfolded = (root: JsonSchema): JsonSchema => {
  let found: JsonSchema = root;
  for (let hops = 0; hops < 8; hops++) {
    const { $ref: ref, ...beside } = found;
    if (typeof ref !== 'string' || !ref.startsWith('#/')) return found;
    const target = pointed(root, ref);
    if (!isObject(target)) return found;
    found = { ...target, ...beside };
  }
  return found;
};

/** What the server keeps of some document, for examples that know only what was sent. */
const SOME_KEPT = { id: '42', version: 1, createdAt: EXAMPLE_TIME, updatedAt: EXAMPLE_TIME } as const;

/** The schema knows nothing of the kept members, and may refuse what it does not know. */
const joined = (schema: JsonSchema, kept: Readonly<Record<string, unknown>>, required: readonly string[]): JsonSchema => {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const own = Array.isArray(schema.required) ? (schema.required as string[]) : [];
  const names = schema.propertyNames;
  const most = schema.maxProperties;
  const { examples } = schema;
  const complete = (example: unknown): unknown => (isObject(example) ? { ...SOME_KEPT, ...example } : example);
  return {
    ...schema,
    ...(Array.isArray(examples) && required.length > 0 ? { examples: examples.map(complete) } : {}),
    type: 'object',
    properties: { ...kept, ...properties, ...kept },
    ...(own.length + required.length === 0 ? {} : { required: [...new Set([...required, ...own])] }),
    ...(names === undefined ? {} : { propertyNames: { anyOf: [{ enum: Object.keys(KEPT) }, names] } }),
    ...(typeof most === 'number' ? { maxProperties: most + Object.keys(KEPT).length } : {}),
  };
};

/** What may be sent beside a document's own members: an id at creation; the rest is ignored, so that what was read can be sent back. */
const SENT = {
  id: { ...KEPT.id, description: 'chosen at creation, else made by the server; ignored later' },
  version: { ...KEPT.version, readOnly: true },
  createdAt: { ...KEPT.createdAt, readOnly: true },
  updatedAt: { ...KEPT.updatedAt, readOnly: true },
} as const;

/** The components of a collection: `orders.Schema` as declared, `orders.Data` as sent, `orders.Document` as read. */
export const collectionSchemas = ({ name, schema }: DescribedCollection): Record<string, unknown> => {
  if (schema === null || typeof schema === 'boolean') {
    const plain = { type: 'object' };
    return {
      [`${name}.Schema`]: schema === false ? false : plain,
      [`${name}.Data`]: schema === false ? false : joined(plain, SENT, []),
      [`${name}.Document`]: schema === false ? false : joined(plain, KEPT, Object.keys(KEPT)),
    };
  }
  const given = schema as JsonSchema;
  const declared = embedded(given, `${name}.Schema`);
  // Unfolded before references move, so that they can be followed; definitions stay in one place.
  const {
    $defs: _defs,
    definitions: _definitions,
    ...root
  } = embedded({ ...unfolded(given), ...(given.$id === undefined ? {} : { $id: given.$id }) }, `${name}.Schema`);
  return {
    [`${name}.Schema`]: declared,
    [`${name}.Data`]: joined(root, SENT, []),
    [`${name}.Document`]: joined(root, KEPT, Object.keys(KEPT)),
  };
};
