// What an API's own declaration (`typeof api`, of the server's `defineApi`) tells of its documents, messages and actions. Types only: nothing here runs,
// and nothing of the server is needed to compile it.
import type { JsonSchema, Method, Shape } from '@godwit/protocol';

/** What a declaration has, as far as a client reads it; `defineApi` returns one. */
export interface AnyApi {
  // biome-ignore lint/suspicious/noExplicitAny: declarations of every kind fit.
  readonly collections?: Readonly<Record<string, any>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly topics?: Readonly<Record<string, any>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly actions?: any;
}

/** A document of a collection that says nothing of its members. */
export type Body = Record<string, unknown>;

/** What the server keeps of every document (3.2.2). */
export interface Kept {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

type Known<T> = T extends undefined ? never : T;
type IsAny<T> = 0 extends 1 & T ? true : false;
type Declared<Api, Member extends keyof AnyApi> = Api extends { readonly [M in Member]?: infer D } ? (IsAny<D> extends true ? unknown : Known<D>) : unknown;
/** The keys of a declaration; any string where nothing is declared. */
type Names<D> = unknown extends D ? string : string extends keyof D ? string : keyof D & string;

export type CollectionName<Api> = Names<Declared<Api, 'collections'>>;

/** The members of a document that are its own, as its schema types them. */
export type OwnMembers<Api, Name extends string> =
  Declared<Api, 'collections'> extends infer C
    ? Name extends keyof C
      ? C[Name] extends { readonly schema: infer S extends JsonSchema }
        ? Shape<S>
        : Body
      : Body
    : Body;

export type DocumentOf<Api, Name extends string> = OwnMembers<Api, Name> & Kept;

/** What is sent to create a document: its own members, and its id where it is chosen (3.2.2). */
export type NewDocument<Api, Name extends string> = OwnMembers<Api, Name> & { readonly id?: string };

/** A JSON merge patch (RFC 7396): any of the members, null to remove one. */
export type Patch<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [M in keyof T]?: Patch<T[M]> | null } : T;

/** The data of the message of a document's change (3.2.6). */
export type Change<Document extends object = Body & Kept> =
  | { readonly change: 'created' | 'updated'; readonly id: string; readonly version: number; readonly document: Document }
  | { readonly change: 'deleted'; readonly id: string; readonly version: number; readonly document: null };

type TopicDeclarations<Api> = Declared<Api, 'topics'>;

/** The topics that a pattern stands for, as text: `devices.*.reading` is `devices.${string}.reading`. */
export type TopicsOf<P extends string> = P extends `${infer Head}**`
  ? `${Head}${string}`
  : P extends `${infer Head}*${infer Tail}`
    ? `${Head}${string}${TopicsOf<Tail>}`
    : P;

type DataOf<D> = D extends { readonly schema: infer S extends JsonSchema } ? Shape<S> : unknown;

/** The topics that may be published to: those declared; any where none are. */
export type PublishTopic<Api> =
  unknown extends TopicDeclarations<Api> ? string : { [P in Names<TopicDeclarations<Api>>]: TopicsOf<P> }[Names<TopicDeclarations<Api>>];

/** What is published to a topic. */
export type PublishData<Api, Topic extends string> =
  unknown extends TopicDeclarations<Api>
    ? unknown
    : TopicDeclarations<Api> extends infer D
      ? { [P in keyof D & string]: Topic extends TopicsOf<P> ? DataOf<D[P]> : never }[keyof D & string]
      : never;

type CollectionPattern<Name extends string> = Name extends string ? `${Name}.${string}` : never;

/** The patterns that may be subscribed to: those declared and narrower ones, those of collections, and `**`; any where no topics are declared. */
export type SubscribePattern<Api> =
  unknown extends TopicDeclarations<Api> ? string : (keyof TopicDeclarations<Api> & string) | PublishTopic<Api> | CollectionPattern<CollectionName<Api>> | '**';

type ChangeOf<Api, Name extends string, Pattern extends string> = Pattern extends `${string}.deleted`
  ? Extract<Change<DocumentOf<Api, Name>>, { change: 'deleted' }>
  : Pattern extends `${string}.created` | `${string}.updated`
    ? Exclude<Change<DocumentOf<Api, Name>>, { change: 'deleted' }>
    : Change<DocumentOf<Api, Name>>;

type CollectionOf<Api, Pattern extends string> = Pattern extends `${infer Name}.${string}`
  ? string extends CollectionName<Api>
    ? never
    : Name extends CollectionName<Api>
      ? Name
      : never
  : never;

type Fitting<D, Pattern extends string> = { [P in keyof D & string]: Pattern extends P | TopicsOf<P> ? P : never }[keyof D & string];

type MessageDataOfOne<Api, Pattern extends string> = [CollectionOf<Api, Pattern>] extends [never]
  ? TopicDeclarations<Api> extends infer D
    ? [Fitting<D, Pattern>] extends [never]
      ? unknown
      : DataOf<D[Fitting<D, Pattern> & keyof D]>
    : unknown
  : ChangeOf<Api, CollectionOf<Api, Pattern>, Pattern>;

/** The data of the messages that a pattern brings; unknown where nothing is declared of it. */
export type MessageData<Api, Pattern extends string> = Pattern extends string ? MessageDataOfOne<Api, Pattern> : never;

/** The actions of a declaration; the maker's form is resolved to its record. */
type ActionsOf<Api> = Exclude<Declared<Api, 'actions'>, (...none: never[]) => unknown>;

type AnyHandler = (call: never) => unknown;
type Action = { readonly method: Method; readonly path: string; readonly handler: AnyHandler };

/** An action as it is called: `POST /orders/:id/cancel`. */
export type ActionName<Api> =
  unknown extends Declared<Api, 'actions'>
    ? `${Method} /${string}`
    : ActionsOf<Api> extends infer A
      ? { [N in keyof A]: A[N] extends Action ? `${A[N]['method']} ${A[N]['path']}` : never }[keyof A]
      : never;

type ActionCalled<Api, Called extends string> =
  ActionsOf<Api> extends infer A
    ? { [N in keyof A]: A[N] extends Action ? (`${A[N]['method']} ${A[N]['path']}` extends Called ? A[N] : never) : never }[keyof A]
    : never;

type ParamNames<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? Name
    : never;

/** A value as it comes back through JSON: a Date is text by then. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer E)[]
    ? Json<E>[]
    : T extends object
      ? { [M in keyof T as T[M] extends (...none: never[]) => unknown ? never : M]: Json<T[M]> }
      : T;

type WithParams<Called extends string> = [ParamNames<Called>] extends [never]
  ? { readonly params?: undefined }
  : { readonly params: { readonly [N in ParamNames<Called>]: string } };

type DataOfAction<A> = A extends { readonly data?: infer S }
  ? Known<S> extends JsonSchema
    ? JsonSchema extends Known<S>
      ? unknown
      : Shape<Known<S>>
    : unknown
  : unknown;

type WithData<Called extends string, A> = Called extends `GET ${string}` | `DELETE ${string}`
  ? { readonly data?: undefined }
  : unknown extends DataOfAction<A>
    ? { readonly data?: unknown }
    : { readonly data: DataOfAction<A> };

/** What a call of an action takes: the segments of its path and its data. */
export type ActionInput<Api, Called extends string> =
  unknown extends Declared<Api, 'actions'>
    ? { readonly params?: Readonly<Record<string, string>>; readonly data?: unknown }
    : WithParams<Called> & WithData<Called, ActionCalled<Api, Called>>;

/** What an action answers. */
export type ActionResult<Api, Called extends string> =
  unknown extends Declared<Api, 'actions'>
    ? unknown
    : ActionCalled<Api, Called> extends { readonly handler: (call: never) => infer R }
      ? Json<Awaited<R>>
      : unknown;
