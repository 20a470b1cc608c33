// Query strings as values: decoded, typed by the row's shape, each parameter once (3.2.4, 6.2.2).
import { invalidField, type JsonSchema, pointerSegment } from '@godwit/protocol';
import { judgeShape, type Validate } from '../core/validation.ts';

export type Query = Readonly<Record<string, unknown>>;

const NONE: Query = Object.freeze({});
const INTEGER = /^-?\d{1,15}$/;
const NUMBER = /^-?\d{1,15}(?:\.\d{1,15})?$/;

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidField('/query', 'has a percent-encoding that is not one');
  }
};

export type QueryReader = (query: string) => Query;

/** A reader of one row's query strings. Throws `VALIDATION_FAILED` with fields `/query/<name>`. */
export const queryReader = (shape: JsonSchema | undefined): QueryReader => {
  if (shape === undefined) return () => NONE;
  const judge: Validate = judgeShape(shape);
  const properties = (shape['properties'] ?? {}) as Record<string, { readonly type?: string }>;
  return (query) => {
    const values: Record<string, unknown> = {};
    for (const part of query === '' ? [] : query.split('&')) {
      if (part === '') continue;
      const equals = part.indexOf('=');
      const name = decode(equals === -1 ? part : part.slice(0, equals));
      const text = equals === -1 ? '' : decode(part.slice(equals + 1));
      if (name === '__proto__') throw invalidField('/query/__proto__', 'is not a parameter that is known here');
      if (Object.hasOwn(values, name)) throw invalidField(`/query/${pointerSegment(name)}`, 'is given twice');
      const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
      values[name] = (type === 'integer' && INTEGER.test(text)) || (type === 'number' && NUMBER.test(text)) ? Number(text) : text;
    }
    judge(values, '/query');
    return values;
  };
};
