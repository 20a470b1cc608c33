// A value to begin with, made from a schema: what it requires, with its own examples, defaults and first choices where it has some. A start for typing, not a promise
// that it is valid.
import { isObject, type Members, resolve } from './judge.ts';

const MOST_DEPTH = 6;

const ofType = (schema: Members, type: unknown, root: unknown, depth: number): unknown => {
  switch (type) {
    case 'object':
      return members(schema, root, depth);
    case 'array':
      return typeof schema['minItems'] === 'number' && schema['minItems'] > 0 ? [example(schema['items'], root, depth + 1)] : [];
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 0;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return '';
  }
};

const members = (schema: Members, root: unknown, depth: number): Members => {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  const names = required.length > 0 ? required : Object.keys(properties);
  return Object.fromEntries(names.map((name) => [name, example(properties[name], root, depth + 1)]));
};

/** `root`: the document that references are resolved in. */
export const example = (schema: unknown, root: unknown = schema, depth = 0): unknown => {
  if (!isObject(schema) || depth > MOST_DEPTH) return depth === 0 ? {} : null;
  if (typeof schema['$ref'] === 'string') return example(resolve(root, schema['$ref']), root, depth + 1);
  if (Array.isArray(schema['examples']) && schema['examples'].length > 0) return schema['examples'][0];
  for (const known of ['default', 'const']) if (Object.hasOwn(schema, known)) return schema[known];
  if (Array.isArray(schema['enum']) && schema['enum'].length > 0) return schema['enum'][0];
  for (const choice of ['anyOf', 'oneOf']) if (Array.isArray(schema[choice])) return example(schema[choice][0], root, depth + 1);
  const type = [schema['type']].flat()[0] ?? (isObject(schema['properties']) ? 'object' : undefined);
  if (type === undefined) return depth === 0 ? {} : null;
  return ofType(schema, type, root, depth);
};
