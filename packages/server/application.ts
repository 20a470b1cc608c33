// The application's own part of the API: collections with their schemas, and actions: operations with a schema and a typed handler, which go the way of the
// built-in ones (validation, scopes, memory of requests, batches, transactions, errors). `createServer` and `godwit.config.ts` both say it in these words.
import {
  type ErrorCode,
  type ErrorDetails,
  isScope,
  type JsonSchema,
  type Method,
  OPERATIONS,
  type Operation,
  ProtocolError,
  RESERVED_SEGMENTS,
  type Shape,
} from '@godwit/protocol';
import type { Call, Handler, Identity } from './core/call.ts';
import type { Core } from './core/core.ts';
import { type Body, documentValue, withoutKept } from './core/document.ts';
import { noDocument } from './core/transaction.ts';
import { judgeSchema } from './core/validation.ts';
import type { Route } from './dispatch/dispatcher.ts';

/** A collection of the application (3.2.5). */
export interface CollectionDefinition {
  /** A JSON Schema (2020-12) that every document keeps; none: any object. Literal schemas (`as const`) and TypeBox's give types to actions. */
  readonly schema?: JsonSchema | boolean | null;
  /** Fields that lists filter and sort by quickly, a dot reaching into a member; `status,total` serves a filter on the one sorted by the other. */
  readonly indexes?: readonly string[];
}

export type CollectionDefinitions = Readonly<Record<string, CollectionDefinition>>;

/** What the server keeps of every document (3.2.2). */
export interface Kept {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

type OwnMembers<D extends CollectionDefinition> = D extends { readonly schema: infer S extends JsonSchema } ? Shape<S> : Body;

/** A document of a collection, as its schema types it. */
export type DocumentOf<D extends CollectionDefinition> = OwnMembers<D> & Kept;

/** What an action reads and writes: all of it happens, or nothing. */
export interface ActionTransaction<C extends CollectionDefinitions> {
  get<N extends keyof C & string>(collection: N, id: string): Promise<DocumentOf<C[N]> | undefined>;
  /** Throws `CONFLICT` where the id is taken, `VALIDATION_FAILED` where the schema is broken. */
  create<N extends keyof C & string>(collection: N, data: OwnMembers<C[N]> & { readonly id?: string }): Promise<DocumentOf<C[N]>>;
  /** Throws `NOT_FOUND`, `VALIDATION_FAILED`. */
  replace<N extends keyof C & string>(collection: N, id: string, data: OwnMembers<C[N]>): Promise<DocumentOf<C[N]>>;
  /** A JSON merge patch (RFC 7396). Throws `NOT_FOUND`, `VALIDATION_FAILED`. */
  patch<N extends keyof C & string>(collection: N, id: string, patch: Body): Promise<DocumentOf<C[N]>>;
  /** Throws `NOT_FOUND`. */
  remove<N extends keyof C & string>(collection: N, id: string): Promise<void>;
  /** Publishes to a topic that is no collection's. Returns the message's id. */
  publish(topic: string, data: unknown): string;
}

type ParamNames<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? Name
    : never;

export interface ActionCall<C extends CollectionDefinitions, P extends string, D> {
  /** The segments of the path that stand for something. */
  readonly params: { readonly [Name in ParamNames<P>]: string };
  readonly data: D;
  /** Who asks: the client's name, and the `sub` of a token. */
  readonly caller: { readonly client: string; readonly sub: string | null; readonly scopes: readonly string[] };
  readonly tx: ActionTransaction<C>;
}

export interface ActionDefinition<
  C extends CollectionDefinitions = CollectionDefinitions,
  P extends string = string,
  S extends JsonSchema = JsonSchema,
  R = unknown,
> {
  readonly method: Method;
  /** Below /v1: `/orders/:id/cancel`. */
  readonly path: P;
  /** What it does, for the reference. */
  readonly summary?: string;
  /**
   * Who may: a scope (`write:orders`, `publish:shop.:id`), `any` for any valid credentials, `none` for everyone; `admin` where nothing is said.
   */
  readonly scope?: string;
  /** The JSON Schema of `data`; none: any. */
  readonly data?: S;
  /** The JSON Schema of the result, for the reference. */
  readonly result?: JsonSchema;
  /**
   * Carries it out. It may run more than once before its writes are accepted, so what it does beside `tx` must bear repeating. What it returns is the `data` of the
   * response; throw `fail(...)` to refuse.
   */
  readonly handler: (call: ActionCall<C, P, Shape<S>>) => R | Promise<R>;
}

/** Declares an action whose collections are typed. */
export type ActionMaker<C extends CollectionDefinitions> = <const P extends string, const S extends JsonSchema, R>(
  definition: ActionDefinition<C, P, S, R>,
) => ActionDefinition<C, P, S, R>;

// biome-ignore lint/suspicious/noExplicitAny: actions of any collections, paths and shapes stand in one record.
export type ActionDefinitions = Readonly<Record<string, ActionDefinition<any, any, any, any>>>;

export interface Application<C extends CollectionDefinitions = CollectionDefinitions, A extends ActionDefinitions = ActionDefinitions> {
  readonly collections?: C;
  /** The actions, or a function that is given a maker which knows the collections' types. */
  readonly actions?: A | ((action: ActionMaker<C>) => A);
}

/** Declares collections and actions once, typed, for `createServer`, the configuration file and clients. */
export const defineApi = <const C extends CollectionDefinitions, A extends ActionDefinitions>(application: Application<C, A>): Application<C, A> => application;

/** Refuses from within an action, with an error of the catalogue. */
export const fail = (code: ErrorCode, message?: string, details?: ErrorDetails): ProtocolError => new ProtocolError(code, message, details);

const SEGMENT = /^(?::[A-Za-z]\w{0,63}|[A-Za-z0-9._~-]{1,64})$/;
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

const wrong = (name: string, what: string): Error => new Error(`The action ${name} ${what}.`);

const MEMBERS: ReadonlySet<string> = new Set(['schema', 'indexes'] satisfies (keyof CollectionDefinition)[]);

/** Throws a sentence for what is no definition of a collection: a configuration in JSON or JavaScript has no types that would tell. */
export const checkDefinition = (name: string, definition: unknown): void => {
  const refuse = (what: string): Error => new Error(`The collection ${name} ${what}.`);
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) throw refuse('must be an object {schema, indexes}');
  const { schema, indexes } = definition as { schema?: unknown; indexes?: unknown };
  for (const member of Object.keys(definition))
    if (!MEMBERS.has(member)) throw refuse(`has a member ${JSON.stringify(member)}, which is neither schema nor indexes`);
  if (schema !== undefined && schema !== null && typeof schema !== 'boolean' && (typeof schema !== 'object' || Array.isArray(schema)))
    throw refuse('needs a JSON Schema as its schema');
  if (indexes !== undefined && !(Array.isArray(indexes) && indexes.every((field) => typeof field === 'string')))
    throw refuse('needs a list of fields as its indexes');
};

/** The names of the protocol's own operations: an action of such a name would be taken for it. */
const OPERATION_NAMES: ReadonlySet<string> = new Set(OPERATIONS.map(({ name }) => name));

const accessOf = (name: string, scope: string, params: readonly string[]): Operation['access'] => {
  const strange = [...scope.slice(scope.indexOf(':') + 1).matchAll(/:([A-Za-z]\w*)/g)].find(([, param]) => !params.includes(param as string));
  if (strange !== undefined) throw wrong(name, `has the scope ${JSON.stringify(scope)}, but no ${strange[0]} in its path`);
  if (scope === 'admin' || scope === 'any' || scope === 'none') return scope;
  if (!isScope(scope.replace(/:([A-Za-z]\w*)(?=[.]|$)/g, (whole, _word, at: number) => (at < scope.indexOf(':') + 1 ? whole : 'x')))) {
    throw wrong(name, `has the scope ${JSON.stringify(scope)}, which is none: read:C, write:C, publish:P, subscribe:P, admin, any or none`);
  }
  const colon = scope.indexOf(':') + 1;
  return `scope:${scope.slice(0, colon)}${scope.slice(colon).replace(/:([A-Za-z]\w*)/g, '{$1}')}`;
};

/** The table's row of an action. Throws a sentence where it cannot be one. */
const actionRow = (name: string, definition: ActionDefinition, collections: ReadonlySet<string>): Operation => {
  const { method, path, summary = name, scope = 'admin', data, result } = definition;
  const segments = typeof path === 'string' ? path.split('/').slice(1) : [];
  if (!/^[A-Za-z]\w{0,63}$/.test(name)) throw wrong(name, 'needs a name of letters, digits and _');
  if (OPERATION_NAMES.has(name)) throw wrong(name, 'has the name of an operation of the protocol');
  if (!METHODS.has(method)) throw wrong(name, 'needs a method: GET, POST, PUT, PATCH or DELETE');
  if (typeof path !== 'string' || !path.startsWith('/') || segments.length > 8 || !segments.every((segment) => SEGMENT.test(segment)))
    throw wrong(name, 'needs a path such as /orders/:id/cancel');
  const params = segments.filter((segment) => segment.startsWith(':')).map((segment) => segment.slice(1));
  if (new Set(params).size < params.length) throw wrong(name, `names a segment of its path twice: ${path}`);
  const first = segments[0] as string;
  if (first.startsWith(':') || RESERVED_SEGMENTS.has(first)) throw wrong(name, `must not begin its path with ${first}`);
  if (segments.length < 3 && collections.has(first)) throw wrong(name, `has the path of a document: ${path}; give it a third segment`);
  if (typeof definition.handler !== 'function') throw wrong(name, 'needs a handler');
  for (const schema of [data, result]) {
    try {
      if (schema !== undefined) judgeSchema(schema);
    } catch (error) {
      throw wrong(name, `has a schema that is not a JSON Schema (2020-12) that stands by itself: ${(error as Error).message}`);
    }
  }
  const body = method === 'POST' || method === 'PUT' || method === 'PATCH';
  return {
    name,
    method,
    path: path.replace(/:([A-Za-z]\w*)/g, '{$1}'),
    clause: '4.1.3',
    summary,
    access: accessOf(name, scope, params),
    ...(body ? { data: data ?? {} } : {}),
    ...(result === undefined ? {} : { result }),
    success: 200,
    remembered: method !== 'GET',
    batch: method === 'GET' ? 'partial' : 'atomic',
    errors: ['VALIDATION_FAILED'],
    since: '1.0',
  };
};

/** What a handler hands over, as the JSON that will be stored: a Date is text by then, and a member that is undefined is none. */
const plain = (data: unknown): Body => JSON.parse(JSON.stringify(data)) as Body;

/** The transaction as an action sees it; each call that is under way stands in `open`. */
const transactionFor = (
  core: Core,
  { tx }: Call,
  publish: (topic: string, data: unknown) => string,
  open: Set<Promise<unknown>>,
): ActionTransaction<CollectionDefinitions> => {
  type Any = DocumentOf<CollectionDefinition>;
  const during = <T>(work: Promise<T>): Promise<T> => {
    const done = (): unknown => open.delete(work);
    open.add(work);
    // Whoever forgets to await it must not end the process with its failure.
    work.then(done, done);
    return work;
  };
  const existing = async (collection: string, id: string): Promise<void> => {
    core.collections.get(collection);
    if ((await tx.document(collection, id)) === undefined) throw noDocument(collection, id);
  };
  const get = async (collection: string, id: string): Promise<Any | undefined> => {
    core.collections.get(collection);
    const document = await tx.document(collection, id);
    return document === undefined ? undefined : (documentValue(document) as Any);
  };
  const create = async (collection: string, data: unknown): Promise<Any> => {
    const { id, ...own } = plain(data);
    return documentValue(await tx.create(collection, id as string | undefined, withoutKept(own))) as Any;
  };
  const replace = async (collection: string, id: string, data: unknown): Promise<Any> => {
    const own = withoutKept(plain(data));
    await existing(collection, id);
    return documentValue(tx.replace(collection, id, own)) as Any;
  };
  const patch = async (collection: string, id: string, data: unknown): Promise<Any> => {
    const own = withoutKept(plain(data));
    await existing(collection, id);
    return documentValue(tx.patch(collection, id, own)) as Any;
  };
  const remove = async (collection: string, id: string): Promise<void> => {
    await existing(collection, id);
    tx.remove(collection, id);
  };
  return {
    get: (collection, id) => during(get(collection, id)),
    create: (collection, data) => during(create(collection, data)),
    replace: (collection, id, data) => during(replace(collection, id, data)),
    patch: (collection, id, data) => during(patch(collection, id, data)),
    remove: (collection, id) => during(remove(collection, id)),
    publish,
  };
};

/** The maker of a transaction's messages, given by who knows which topics may be published to. */
export type PublishIn = (call: Call, topic: string, data: unknown) => string;

const handlerOf =
  (definition: ActionDefinition, publishIn: PublishIn) =>
  (core: Core): Handler =>
  async (call) => {
    const identity: Identity | undefined = call.identity;
    const open = new Set<Promise<unknown>>();
    const result: unknown = await definition.handler({
      params: call.params as never,
      data: call.data as never,
      caller: { client: identity?.client ?? '', sub: identity?.sub ?? null, scopes: identity?.scopes ?? [] },
      tx: transactionFor(core, call, (topic, data) => publishIn(call, topic, data), open),
    });
    // A call that nobody awaited belongs to the action all the same.
    while (open.size > 0) await Promise.all(open);
    return { status: 200, data: result ?? null };
  };

/** The actions as routes. Throws a sentence for one that cannot be. */
export const actionRoutes = (core: Core, { collections = {}, actions = {} }: Application, publishIn: PublishIn): Route[] => {
  const names = new Set([...Object.keys(collections), ...core.collections.all().map(({ name }) => name)]);
  const definitions = typeof actions === 'function' ? actions((definition) => definition) : actions;
  return Object.entries(definitions).map(([name, definition]) => ({
    operation: actionRow(name, definition, names),
    handler: handlerOf(definition, publishIn)(core),
  }));
};
