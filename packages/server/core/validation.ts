// JSON Schema (2020-12) as the judge of what comes in, and its complaints as fields at fault (8.1.1).
import { type FieldError, invalid, type JsonSchema, pointerSegment } from '@godwit/protocol';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';

/** Throws `VALIDATION_FAILED` naming every field at fault, each as a pointer that begins with `prefix`. */
export type Validate = (value: unknown, prefix: string) => void;

/** A page of complaints is enough for anyone; a million would be an attack on who reads them. */
const MOST_ERRORS = 100;

// The plugin is CommonJS with a default export that the module system wraps once more.
const addFormats = formatsPlugin as unknown as typeof formatsPlugin.default;

const newAjv = (): Ajv2020 => {
  const ajv = new Ajv2020({ allErrors: true, strict: false, ownProperties: true, logger: false });
  addFormats(ajv);
  return ajv;
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
    if (fields.length === MOST_ERRORS) break;
  }
  return fields;
};

const judge = (ajv: Ajv2020, schema: JsonSchema | boolean): Validate => {
  const check = ajv.compile(schema as object);
  // Such a judge answers with a promise, which nobody here waits for.
  if ('$async' in check) throw new Error('$async is not taken');
  return (value, prefix) => {
    if (check(value) !== true) throw invalid(toFieldErrors(check.errors ?? [], prefix));
  };
};

const shared = newAjv();

/** A judge of one of the protocol's own shapes. */
export const judgeShape = (schema: JsonSchema): Validate => judge(shared, schema);

/**
 * A judge of a schema that a user gave. Throws what Ajv says of a schema that is not valid or refers to another document; each has its own
 * registry, so that no `$id` meets another.
 */
export const judgeSchema = (schema: JsonSchema | boolean): Validate => judge(newAjv(), schema);
