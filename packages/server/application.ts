// The application's own part of the API: collections with their schemas, topics with the schemas of their messages, and actions: operations with a schema and
// a typed handler, which go the way of the built-in ones (validation, scopes, memory of requests, batches, transactions, errors). `createServer` and
// `godwit.config.ts` both say it in these words.
import {
  type Body,
  type DeclaredSchema,
  type DocumentOf,
  type ErrorCode,
  type ErrorDetails,
  isPattern,
  isScope,
  isServerTopic,
  type JsonSchema,
  type Method,
  type NewDocument,
  OPERATIONS,
  type Operation,
  type OwnMembers,
  type ParamNames,
  type Patch,
  ProtocolError,
  RESERVED_SEGMENTS,
  type Shape,
  type TopicData,
} from '@godwit/protocol';
import type { Call, Handler, Identity } from './core/call.ts';
import type { CollectionSchema } from './core/collections.ts';
import type { Core } from './core/core.ts';
import { documentValue, withoutKept } from './core/document.ts';
import type { DeclaredTopic } from './core/topics.ts';
import { noDocument } from './core/transaction.ts';
import { judgeSchema } from './core/validation.ts';
import type { Route } from './dispatch/dispatcher.ts';

export type { DocumentOf, Kept } from '@godwit/protocol';

/** A collection of the application (3.2.5). */
export interface CollectionDefinition {
  /** A JSON Schema (2020-12) that every document keeps; none: any object. Written inline, `as const` or by TypeBox it gives types to actions and clients. */
  readonly schema?: DeclaredSchema;
  /** Fields that lists filter and sort by quickly, a dot reaching into a member; `status,total` serves a filter on the one sorted by the other. */
  readonly indexes?: readonly string[];
}

export type CollectionDefinitions = Readonly<Record<string, CollectionDefinition>>;

/** A topic of the application, or a pattern for many: `devices.*.reading`. */
export interface TopicDefinition {
  /** A JSON Schema (2020-12) that the data of every message published from now on keeps; none: any. Types as those of collections. */
  readonly schema?: DeclaredSchema;
  /** What its messages say, for the reference. */
  readonly summary?: string;
}

/** By pattern. A topic that none of them matches takes any data. */
export type TopicDefinitions = Readonly<Record<string, TopicDefinition>>;

/** What an action reads and writes: all of it happens, or nothing. */
export interface ActionTransaction<C extends CollectionDefinitions, T extends TopicDefinitions = TopicDefinitions> {
  get<N extends keyof C & string>(collection: N, id: string): Promise<DocumentOf<C[N]> | undefined>;
  /** Throws `CONFLICT` where the id is taken, `VALIDATION_FAILED` where the schema is broken. */
  create<N extends keyof C & string>(collection: N, data: NewDocument<C[N]>): Promise<DocumentOf<C[N]>>;
  /** Throws `NOT_FOUND`, `VALIDATION_FAILED`. */
  replace<N extends keyof C & string>(collection: N, id: string, data: OwnMembers<C[N]>): Promise<DocumentOf<C[N]>>;
  /** A JSON merge patch (RFC 7396). Throws `NOT_FOUND`, `VALIDATION_FAILED`. */
  patch<N extends keyof C & string>(collection: N, id: string, patch: Patch<OwnMembers<C[N]>>): Promise<DocumentOf<C[N]>>;
  /** Throws `NOT_FOUND`. */
  remove<N extends keyof C & string>(collection: N, id: string): Promise<void>;
  /** Publishes to a topic that is no collection's. Returns the message's id. Throws `VALIDATION_FAILED` where the schema of a declared topic is broken. */
  publish<N extends string>(topic: N, data: TopicData<T, N>): string;
}

export interface ActionCall<C extends CollectionDefinitions, P extends string, D, T extends TopicDefinitions = TopicDefinitions> {
  /** The segments of the path that stand for something. */
  readonly params: { readonly [Name in ParamNames<P>]: string };
  readonly data: D;
  /** Who asks: the client's name, and the `sub` of a token. */
  readonly caller: { readonly client: string; readonly sub: string | null; readonly scopes: readonly string[] };
  readonly tx: ActionTransaction<C, T>;
}

export interface ActionDefinition<
  C extends CollectionDefinitions = CollectionDefinitions,
  P extends string = string,
  S extends object = JsonSchema,
  R = unknown,
  M extends Method = Method,
  T extends TopicDefinitions = TopicDefinitions,
> {
  readonly method: M;
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
  readonly result?: object;
  /**
   * Carries it out. It may run more than once before its writes are accepted, so what it does beside `tx` must bear repeating. What it returns is the `data` of the
   * response; throw `fail(...)` to refuse.
   */
  readonly handler: (call: ActionCall<C, P, Shape<S>, T>) => R | Promise<R>;
}

/** Declares an action whose collections and topics are typed. */
export type ActionMaker<C extends CollectionDefinitions, T extends TopicDefinitions = TopicDefinitions> = <
  const M extends Method,
  const P extends string,
  R,
  const S extends object = JsonSchema,
>(
  definition: ActionDefinition<C, P, S, R, M, T>,
) => ActionDefinition<C, P, S, R, M, T>;

// biome-ignore lint/suspicious/noExplicitAny: actions of any collections, paths and shapes stand in one record.
export type ActionDefinitions = Readonly<Record<string, ActionDefinition<any, any, any, any, Method, any>>>;

export interface Application<
  C extends CollectionDefinitions = CollectionDefinitions,
  A extends ActionDefinitions = ActionDefinitions,
  T extends TopicDefinitions = TopicDefinitions,
> {
  readonly collections?: C;
  /** Topics whose messages keep a schema; all others stay free. */
  readonly topics?: T;
  /** The actions, or a function that is given a maker which knows the types of the collections and topics. */
  readonly actions?: A | ((action: ActionMaker<C, T>) => A);
}

/** Declares collections, topics and actions once, typed, for `createServer`, the configuration file and clients (`createClient<typeof api>()`). */
export const defineApi = <const C extends CollectionDefinitions, const A extends ActionDefinitions, const T extends TopicDefinitions>(
  application: Application<C, A, T>,
): Application<C, A, T> => application;

/** Refuses from within an action, with an error of the catalogue. */
export const fail = (code: ErrorCode, message?: string, details?: ErrorDetails): ProtocolError => new ProtocolError(code, message, details);

const SEGMENT = /^(?::[A-Za-z]\w{0,63}|[A-Za-z0-9._~-]{1,64})$/;
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

const wrong = (name: string, what: string): Error => new Error(`The action ${name} ${what}.`);

const COLLECTION_MEMBERS = ['schema', 'indexes'] as const satisfies (keyof CollectionDefinition)[];
const TOPIC_MEMBERS = ['schema', 'summary'] as const satisfies (keyof TopicDefinition)[];

/** The members of a definition, of which only the schema is looked at. A configuration in JSON or JavaScript has no types that would tell. */
const checkedMembers = <M extends string>(definition: unknown, members: readonly M[], refuse: (what: string) => Error): Partial<Record<M, unknown>> => {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) throw refuse(`must be an object {${members.join(', ')}}`);
  for (const member of Object.keys(definition))
    if (!(members as readonly string[]).includes(member)) throw refuse(`has a member ${JSON.stringify(member)}, which is neither ${members.join(' nor ')}`);
  const { schema } = definition as { schema?: unknown };
  if (schema !== undefined && schema !== null && typeof schema !== 'boolean' && (typeof schema !== 'object' || Array.isArray(schema)))
    throw refuse('needs a JSON Schema as its schema');
  return definition as Partial<Record<M, unknown>>;
};

/** Throws a sentence for what is no definition of a collection. */
export const checkCollectionDefinition = (name: string, definition: unknown): void => {
  const refuse = (what: string): Error => new Error(`The collection ${name} ${what}.`);
  const { indexes } = checkedMembers(definition, COLLECTION_MEMBERS, refuse);
  if (indexes !== undefined && !(Array.isArray(indexes) && indexes.every((field) => typeof field === 'string')))
    throw refuse('needs a list of fields as its indexes');
};

/** What was declared of a topic, its schema ready to judge. Throws a sentence for what is no definition of one. */
export const declaredTopic = (pattern: string, definition: unknown): DeclaredTopic => {
  const refuse = (what: string): Error => new Error(`The topic ${pattern} ${what}.`);
  if (isServerTopic(pattern)) throw refuse('is one of the server’s own, which begin with $');
  if (!isPattern(pattern)) throw refuse('is no topic or pattern: 1 to 16 segments of A-Z a-z 0-9 _ -, joined by dots, * for any one, a last ** for the rest');
  const { schema = null, summary } = checkedMembers(definition, TOPIC_MEMBERS, refuse);
  if (summary !== undefined && typeof summary !== 'string') throw refuse('needs a text as its summary');
  try {
    const takesAll = schema === null || schema === true;
    return { pattern, schema: schema as CollectionSchema, summary, validate: takesAll ? undefined : judgeSchema(schema as JsonSchema | boolean) };
  } catch (error) {
    throw refuse(`has a schema that is not a JSON Schema (2020-12) that stands by itself: ${(error as Error).message}`);
  }
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
  const { method, path, summary = name, scope = 'admin', data } = definition;
  const result = definition.result as JsonSchema | undefined;
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
