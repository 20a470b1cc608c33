// Judges a value by a JSON Schema (2020-12) while somebody types: the usual keywords, interpreted, because the page's policy forbids the code that compilers of schemas
// make. It may pass what the server refuses (a keyword that it does not know, a `format`), never the other way round; the server's word is the last.
import { isMultipleOf } from '@godwit/protocol';

export interface Fault {
  /** A JSON pointer into the value; empty: the value itself. */
  readonly at: string;
  readonly message: string;
}

type Schema = Readonly<Record<string, unknown>>;
export type Members = Readonly<Record<string, unknown>>;

const MOST_FAULTS = 50;
/** References that go on and on. */
const MOST_DEPTH = 64;

export const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

const isOfType = (value: unknown, type: unknown): boolean => (type === 'integer' ? Number.isInteger(value) : typeOf(value) === type);

const isSame = (one: unknown, other: unknown): boolean => {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]));
};

const segment = (name: string | number): string => `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** What a JSON pointer in `#/...` names; undefined where there is nothing. */
export const resolve = (root: unknown, reference: string): unknown => {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let value = root;
  for (const part of reference.slice(2).split('/')) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Members)[name];
  }
  return value;
};

const patterns = new Map<string, RegExp | undefined>();
const patternOf = (text: string): RegExp | undefined => {
  if (!patterns.has(text)) {
    let made: RegExp | undefined;
    try {
      made = new RegExp(text, 'u');
    } catch {
      made = undefined;
    }
    patterns.set(text, made);
  }
  return patterns.get(text);
};

const points = (text: string): number => [...text].length;
const said = (value: unknown): string => JSON.stringify(value);

/** A keyword that looks at numbers of one kind: the limit, and the sentence for one that breaks it. */
type Limit = readonly [keyword: string, holds: (size: number, limit: number) => boolean, sentence: (limit: number) => string];

const NUMBER_LIMITS: readonly Limit[] = [
  ['minimum', (size, limit) => size >= limit, (limit) => `must be at least ${limit}`],
  ['maximum', (size, limit) => size <= limit, (limit) => `must be at most ${limit}`],
  ['exclusiveMinimum', (size, limit) => size > limit, (limit) => `must be more than ${limit}`],
  ['exclusiveMaximum', (size, limit) => size < limit, (limit) => `must be less than ${limit}`],
  ['multipleOf', isMultipleOf, (limit) => `must be a multiple of ${limit}`],
];
const TEXT_LIMITS: readonly Limit[] = [
  ['minLength', (size, limit) => size >= limit, (limit) => (limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`)],
  ['maxLength', (size, limit) => size <= limit, (limit) => `must have at most ${limit} characters`],
];
const LIST_LIMITS: readonly Limit[] = [
  ['minItems', (size, limit) => size >= limit, (limit) => `must have at least ${limit} items`],
  ['maxItems', (size, limit) => size <= limit, (limit) => `must have at most ${limit} items`],
];
const MEMBER_LIMITS: readonly Limit[] = [
  ['minProperties', (size, limit) => size >= limit, (limit) => `must have at least ${limit} members`],
  ['maxProperties', (size, limit) => size <= limit, (limit) => `must have at most ${limit} members`],
];

class Judgement {
  readonly faults: Fault[] = [];
  readonly #root: unknown;

  constructor(root: unknown) {
    this.#root = root;
  }

  #wrong(at: string, message: string): void {
    if (this.faults.length < MOST_FAULTS) this.faults.push({ at, message });
  }

  #limits(schema: Schema, size: number, at: string, limits: readonly Limit[]): void {
    for (const [keyword, holds, sentence] of limits) {
      const limit = schema[keyword];
      if (typeof limit === 'number' && !holds(size, limit)) this.#wrong(at, sentence(limit));
    }
  }

  #passes(schema: unknown, value: unknown, depth: number): boolean {
    const trial = new Judgement(this.#root);
    trial.judge(schema, value, '', depth);
    return trial.faults.length === 0;
  }

  judge(schema: unknown, value: unknown, at: string, depth: number): void {
    if (schema === false) return this.#wrong(at, 'is not allowed here');
    if (!isObject(schema) || depth > MOST_DEPTH) return;
    if (typeof schema['$ref'] === 'string') this.judge(resolve(this.#root, schema['$ref']), value, at, depth + 1);
    const { type } = schema;
    if (type !== undefined && ![type].flat().some((one) => isOfType(value, one)))
      return this.#wrong(at, `must be ${[type].flat().join(' or ')}, not ${typeOf(value)}`);
    if (Array.isArray(schema['enum']) && !schema['enum'].some((one) => isSame(one, value)))
      this.#wrong(at, `must be one of ${schema['enum'].map(said).join(', ')}`);
    if (Object.hasOwn(schema, 'const') && !isSame(schema['const'], value)) this.#wrong(at, `must be ${said(schema['const'])}`);
    if (typeof value === 'number') this.#limits(schema, value, at, NUMBER_LIMITS);
    else if (typeof value === 'string') this.#text(schema, value, at);
    else if (Array.isArray(value)) this.#list(schema, value, at, depth);
    else if (isObject(value)) this.#members(schema, value, at, depth);
    this.#combined(schema, value, at, depth);
  }

  #text(schema: Schema, value: string, at: string): void {
    this.#limits(schema, points(value), at, TEXT_LIMITS);
    const { pattern } = schema;
    if (typeof pattern === 'string' && patternOf(pattern)?.test(value) === false) this.#wrong(at, `must match ${pattern}`);
  }

  #list(schema: Schema, value: readonly unknown[], at: string, depth: number): void {
    this.#limits(schema, value.length, at, LIST_LIMITS);
    const prefix = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : [];
    for (const [index, item] of value.entries()) {
      const own = index < prefix.length ? prefix[index] : schema['items'];
      if (own !== undefined) this.judge(own, item, at + segment(index), depth + 1);
    }
    if (schema['uniqueItems'] === true && value.some((item, index) => value.slice(0, index).some((other) => isSame(item, other))))
      this.#wrong(at, 'must not hold the same item twice');
    const { contains } = schema;
    if (contains !== undefined && schema['minContains'] !== 0 && !value.some((item) => this.#passes(contains, item, depth + 1)))
      this.#wrong(at, 'lacks an item of the kind that it must contain');
  }

  #members(schema: Schema, value: Members, at: string, depth: number): void {
    this.#limits(schema, Object.keys(value).length, at, MEMBER_LIMITS);
    const { required, properties, patternProperties, additionalProperties, propertyNames, dependentRequired } = schema;
    const needs = (names: unknown): void => {
      for (const name of Array.isArray(names) ? names : []) if (!Object.hasOwn(value, String(name))) this.#wrong(at + segment(String(name)), 'is required');
    };
    needs(required);
    if (isObject(dependentRequired)) for (const [name, names] of Object.entries(dependentRequired)) if (Object.hasOwn(value, name)) needs(names);
    for (const [name, member] of Object.entries(value)) {
      const below = at + segment(name);
      let known = false;
      if (isObject(properties) && Object.hasOwn(properties, name)) {
        known = true;
        this.judge(properties[name], member, below, depth + 1);
      }
      for (const [pattern, own] of isObject(patternProperties) ? Object.entries(patternProperties) : []) {
        if (patternOf(pattern)?.test(name) !== true) continue;
        known = true;
        this.judge(own, member, below, depth + 1);
      }
      if (propertyNames !== undefined && !this.#passes(propertyNames, name, depth + 1)) this.#wrong(below, 'is no name for a member here');
      if (known || additionalProperties === undefined) continue;
      if (additionalProperties === false) this.#wrong(below, 'is not a member that the schema knows');
      else this.judge(additionalProperties, member, below, depth + 1);
    }
  }

  #combined(schema: Schema, value: unknown, at: string, depth: number): void {
    for (const own of Array.isArray(schema['allOf']) ? schema['allOf'] : []) this.judge(own, value, at, depth + 1);
    for (const [keyword, fits, sentence] of CHOICES) {
      const choices = schema[keyword];
      if (Array.isArray(choices) && !fits(choices.filter((own) => this.#passes(own, value, depth + 1)).length)) this.#wrong(at, sentence);
    }
    if (schema['not'] !== undefined && this.#passes(schema['not'], value, depth + 1)) this.#wrong(at, 'is what the schema excludes');
    if (schema['if'] === undefined) return;
    const branch = this.#passes(schema['if'], value, depth + 1) ? schema['then'] : schema['else'];
    if (branch !== undefined) this.judge(branch, value, at, depth + 1);
  }
}

const CHOICES: readonly (readonly [keyword: string, fits: (passed: number) => boolean, sentence: string])[] = [
  ['anyOf', (passed) => passed > 0, 'fits none of the alternatives'],
  ['oneOf', (passed) => passed === 1, 'must fit exactly one of the alternatives'],
];

/** What is wrong with a value; nothing where the schema is undefined or null. `root`: the document that references are resolved in, the schema itself unless told. */
export const judge = (schema: unknown, value: unknown, root: unknown = schema): readonly Fault[] => {
  const judgement = new Judgement(root);
  judgement.judge(schema, value, '', 0);
  return judgement.faults;
};
