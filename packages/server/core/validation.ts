// JSON Schema (2020-12) as the judge of what comes in, and its complaints as fields at fault (8.1.1).
import { BOUNDS, type FieldError, invalid, invalidField, isMultipleOf, type JsonSchema, pointerSegment } from '@godwit/protocol';
import { Ajv2020, type ErrorObject, str, type ValidateFunction } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import { linearPattern } from './linear-pattern.ts';

/** Throws `VALIDATION_FAILED` naming every field at fault, each as a pointer that begins with `prefix`. */
export type Validate = (value: unknown, prefix: string) => void;

// The plugin is CommonJS with a default export that the module system wraps once more.
const addFormats = formatsPlugin as unknown as typeof formatsPlugin.default;

/** Beyond so many values within one the first complaint must do: the others would take memory and time that a sender can make as large as it likes. */
const MOST_VALUES = 10_000;

/** Equal values have equal texts, whatever the order of their members. */
const canonical = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join()}}`;
};

/** In the time of one look at each item; Ajv's own compares each with each. */
const isUnique = (wanted: boolean, items: readonly unknown[]): boolean => {
  if (!wanted) return true;
  const seen = new Set<unknown>();
  // As -0 equals 0, and text is marked so that it equals no object's.
  for (const item of items) seen.add(typeof item === 'object' && item !== null ? canonical(item) : typeof item === 'string' ? `"${item}` : item);
  return seen.size === items.length;
};

/** Only code that is written to a file names its engine. */
const linear = Object.assign(linearPattern, { code: '' });

const newAjv = (allErrors: boolean, regExp?: typeof linear): Ajv2020 => {
  const ajv = new Ajv2020({ allErrors, strict: false, ownProperties: true, logger: false, code: regExp === undefined ? {} : { regExp } });
  addFormats(ajv);
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: isUnique, error: { message: 'must not have an item twice' } });
  ajv.removeKeyword('multipleOf');
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    // Ajv's own divides doubles, by which 19.99 is no multiple of 0.01.
    validate: (divisor: number, value: number) => isMultipleOf(value, divisor),
    error: { message: ({ schemaCode }) => str`must be multiple of ${schemaCode}` },
  });
  return ajv;
};

/** How many more values than those in this one there may be; below 0: it has more. */
const left = (value: unknown, most: number): number => {
  let rest = most - 1;
  if (typeof value !== 'object' || value === null) return rest;
  const within: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (within.length > rest) return -1;
  for (const each of within) if ((rest = left(each, rest)) < 0) return rest;
  return rest;
};

const member = (error: ErrorObject): string => {
  const params = error.params as Record<string, unknown>;
  const name = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty'] ?? params['propertyName'];
  return typeof name === 'string' ? `/${pointerSegment(name)}` : '';
};

const sentence = (error: ErrorObject, prefix: string): string => {
  if (error.keyword === 'required' || error.keyword === 'dependentRequired') return 'is required';
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties')
    return `is not a ${prefix === '/query' ? 'parameter' : 'member'} that is known here`;
  if (error.keyword === 'enum') return `must be one of ${JSON.stringify((error.params as { allowedValues: unknown }).allowedValues)}`;
  if (error.keyword === 'const') return `must be ${JSON.stringify((error.params as { allowedValue: unknown }).allowedValue)}`;
  if (error.keyword === 'type') return `must be of type ${[(error.params as { type: string | string[] }).type].flat().join(' or ')}`;
  if (error.keyword === 'minimum' || error.keyword === 'maximum')
    return `must be at ${error.keyword === 'minimum' ? 'least' : 'most'} ${(error.params as { limit: number }).limit}`;
  return error.message ?? 'is not valid';
};

const toFieldErrors = (errors: readonly ErrorObject[], prefix: string): FieldError[] => {
  const seen = new Set<string>();
  const fields: FieldError[] = [];
  for (const error of errors) {
    // Which branch of a choice failed helps nobody who has not read the schema, unless it is all there is.
    const field = `${prefix}${error.instancePath}${member(error)}`;
    const message = sentence(error, prefix);
    const both = `${field} ${message}`;
    if (seen.has(both)) continue;
    seen.add(both);
    fields.push({ field, message });
    if (fields.length === BOUNDS.fieldErrors) break;
  }
  return fields;
};

const judge = (full: Ajv2020, quick: () => Ajv2020, schema: JsonSchema | boolean): Validate => {
  const check = full.compile(schema as object);
  let checkLarge: ValidateFunction | undefined;
  // Such a judge answers with a promise, which nobody here waits for.
  if ('$async' in check) throw new Error('$async is not taken');
  return (value, prefix) => {
    const judging = left(value, MOST_VALUES) >= 0 ? check : (checkLarge ??= quick().compile(schema as object));
    try {
      if (judging(value) === true) return;
    } catch (error) {
      if (error instanceof RangeError) throw invalidField(prefix, 'cannot be judged: its schema refers to itself without end');
      throw error;
    }
    throw invalid(toFieldErrors(judging.errors ?? [], prefix));
  };
};

const shared = newAjv(true);
const sharedQuick = newAjv(false);

/** A judge of one of the protocol's own shapes. */
export const judgeShape = (schema: JsonSchema): Validate => judge(shared, () => sharedQuick, schema);

/**
 * A judge of a schema that a user gave. Throws what Ajv says of a schema that is not valid or refers to another document; each has its own
 * registry, so that no `$id` meets another.
 */
export const judgeSchema = (schema: JsonSchema | boolean): Validate => judge(newAjv(true, linear), () => newAjv(false, linear), schema);
