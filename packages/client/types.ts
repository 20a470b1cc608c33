// What an API's own declaration (`typeof api`, of the server's `defineApi`) tells of its documents, messages and actions. Types only: nothing here runs.
// Where a declaration says nothing of collections, of topics or of actions, those are untyped and everything is allowed.
import type * as declared from '@godwit/protocol';

/** What a declaration has, as far as a client reads it; `defineApi` returns one. */
export interface AnyApi {
  readonly collections?: Readonly<Record<string, unknown>>;
  readonly topics?: Readonly<Record<string, unknown>>;
  readonly actions?: Readonly<Record<string, unknown>> | ((...none: never[]) => unknown);
}

export type Body = declared.Body;
export type Kept = declared.Kept;

type Declared<Api, Member extends keyof AnyApi> = Api extends { readonly [M in Member]?: infer D } ? NonNullable<D> : unknown;
type Collections<Api> = Declared<Api, 'collections'>;
type Topics<Api> = Declared<Api, 'topics'>;
/** The names of a declaration; any string where nothing is declared. */
type Names<D> = unknown extends D ? string : keyof D & string;
/** Whether nothing is declared. */
type IsOpen<D> = string extends Names<D> ? true : false;

// Operations of the protocol

type Row = (typeof declared.OPERATIONS)[number];
type Asked<Method extends string, Path extends string> = Extract<Row, { method: Method; path: Path extends `${infer Before}?${string}` ? Before : Path }>;

/** What an operation of the protocol answers, by its method and path; unknown of a path with parameters. */
export type OperationResult<Method extends string, Path extends string> =
  Asked<Method, Path> extends infer Found extends { readonly result: unknown }
    ? [Found] extends [never]
      ? unknown
      : declared.Shape<Found['result']>
    : unknown;

// Documents

export type CollectionName<Api> = Names<Collections<Api>>;

type Definition<Api, Name extends string> = Collections<Api> extends { readonly [N in Name]: infer D } ? D : unknown;

/** The members of a document that are its own, as its schema types them. */
export type OwnMembers<Api, Name extends string> = declared.OwnMembers<Definition<Api, Name>>;

export type DocumentOf<Api, Name extends string> = declared.DocumentOf<Definition<Api, Name>>;

/** What is sent to create a document: its own members, and its id where it is chosen (3.2.2). */
export type NewDocument<Api, Name extends string> = declared.NewDocument<Definition<Api, Name>>;

/** A JSON merge patch (RFC 7396): any of the members; null removes one that need not be there. */
export type Patch<T> = declared.Patch<T>;

type Each<Union> = Union extends unknown ? keyof Union & string : never;
/** The fields of a document that lists filter by; a dot reaches into a member. */
export type FieldOf<Document extends object> = Each<Document> | `${Each<Document>}.${string}`;

// Messages

type ChangeKind = 'created' | 'updated' | 'deleted';

/** The data of the message of a document's change (3.2.6). */
export type Change<Document extends object = Body & Kept> =
  | { readonly change: 'created' | 'updated'; readonly id: string; readonly version: number; readonly document: Document }
  | { readonly change: 'deleted'; readonly id: string; readonly version: number; readonly document: null };

/** The collection that a topic or pattern names; never where it names none that is declared. */
type CollectionIn<Api, Pattern extends string> =
  IsOpen<Collections<Api>> extends true ? never : Pattern extends `${infer Name}.${string}` ? Extract<CollectionName<Api>, Name> : never;

type Segment<S extends string> = S extends '*' | '**' ? string : S;

/** The topics and patterns that a pattern covers, as text: `devices.*.reading` is `devices.${string}.reading`. */
export type Within<Pattern extends string> = Pattern extends `${infer First}.${infer Rest}` ? `${Segment<First>}.${Within<Rest>}` : Segment<Pattern>;

/** The wider patterns of a declared one that end with `**`: `devices.**` of `devices.*.reading`. */
type Around<Pattern extends string> = Pattern extends `${infer First}.${infer Rest}` ? `${Segment<First>}.${'**' | Around<Rest>}` : never;

/** The topics that may be published to: those declared; any where none are. */
export type PublishTopic<Api> = IsOpen<Topics<Api>> extends true ? string : Within<Names<Topics<Api>>>;

declare const refused: unique symbol;
/** What nothing fits: the sentence says why. */
export interface Refused<Why extends string> {
  readonly [refused]: Why;
}

/** What is published to a topic: what every declaration that covers it says. */
export type PublishData<Api, Topic extends string> = [CollectionIn<Api, Topic>] extends [never]
  ? IsOpen<Topics<Api>> extends true
    ? unknown
    : [declared.DeclaredFor<Topics<Api>, Topic>] extends [never]
      ? Refused<'No topic like this is declared.'>
      : declared.TopicData<Topics<Api>, Topic>
  : Refused<'Only the server publishes to the topics of a collection.'>;

type CollectionPattern<Name extends string> = `${Name}.**` | `${Name}.${string}.${ChangeKind | '*' | '**'}`;

/** The patterns that may be subscribed to: those declared, narrower ones, wider ones that end with `**`, and those of collections; any where no topics are declared. */
export type SubscribePattern<Api> =
  IsOpen<Topics<Api>> extends true
    ? string
    : Within<Names<Topics<Api>>> | Around<Names<Topics<Api>>> | '**' | (IsOpen<Collections<Api>> extends true ? never : CollectionPattern<CollectionName<Api>>);

type ChangeOf<Document extends object, Pattern extends string> = Extract<
  Change<Document>,
  Pattern extends `${string}.deleted` ? { change: 'deleted' } : Pattern extends `${string}.${'created' | 'updated'}` ? { document: Document } : unknown
>;

/** The data of the messages that a pattern brings; unknown where nothing is declared of all of them. */
export type MessageData<Api, Pattern extends string> = Pattern extends string
  ? [CollectionIn<Api, Pattern>] extends [never]
    ? declared.TopicData<Topics<Api>, Pattern>
    : ChangeOf<DocumentOf<Api, CollectionIn<Api, Pattern>>, Pattern>
  : never;

// Actions

/** The actions of a declaration; of its two forms the record. */
type Actions<Api> = Exclude<Declared<Api, 'actions'>, (...none: never[]) => unknown>;
type Action = { readonly method: declared.Method; readonly path: string; readonly data?: unknown; readonly handler: (call: never) => unknown };

type Called<A> = A extends Action ? `${A['method']} ${A['path']}` : never;

/** An action as it is called: `POST /orders/:id/cancel`. */
export type ActionName<Api> = IsOpen<Actions<Api>> extends true ? `${declared.Method} /${string}` : Called<Actions<Api>[keyof Actions<Api>]>;

type ActionCalled<Api, Name extends string> = Extract<
  { [N in keyof Actions<Api>]: Called<Actions<Api>[N]> extends Name ? Actions<Api>[N] : never }[keyof Actions<Api>],
  Action
>;

type WithParams<Names extends string> = [Names] extends [never] ? { readonly params?: undefined } : { readonly params: { readonly [N in Names]: string } };

type DataOf<A> = A extends { readonly data?: infer S } ? declared.Shape<NonNullable<S>> : unknown;

type WithData<Name extends string, A> = Name extends `${'GET' | 'DELETE'} ${string}`
  ? { readonly data?: undefined }
  : unknown extends DataOf<A>
    ? { readonly data?: unknown }
    : { readonly data: DataOf<A> };

/** What a call of an action takes: the segments of its path and its data. */
export type ActionInput<Api, Name extends string> =
  IsOpen<Actions<Api>> extends true
    ? { readonly params?: Readonly<Record<string, string>>; readonly data?: unknown }
    : WithParams<declared.ParamNames<Name>> & WithData<Name, ActionCalled<Api, Name>>;

type IsAny<T> = 0 extends 1 & T ? true : false;
/** What JSON has no word for: null in an array, nothing as a member. */
type Wordless = undefined | symbol | ((...none: never[]) => unknown);

/** A value as it comes back through JSON: a Date is text by then, and a member that may be undefined may be missing. */
export type Json<T> =
  IsAny<T> extends true
    ? unknown
    : T extends { toJSON(...none: never[]): infer J }
      ? Json<J>
      : T extends Wordless
        ? null
        : T extends readonly unknown[]
          ? { [I in keyof T]: Json<T[I]> }
          : T extends object
            ? declared.Flat<Always<T> & Sometimes<T>>
            : T;

type Written<T, M extends keyof T> = M extends symbol ? never : [T[M]] extends [Wordless] ? never : M;
type Always<T> = { [M in keyof T as undefined extends T[M] ? never : Written<T, M>]: Json<T[M]> };
type Sometimes<T> = { [M in keyof T as undefined extends T[M] ? Written<T, M> : never]?: Json<Exclude<T[M], undefined>> };

/** What an action answers: null where its handler returns nothing. */
export type ActionResult<Api, Name extends string> =
  ActionCalled<Api, Name> extends { readonly handler: (call: never) => infer R } ? (Awaited<R> extends void ? null : Json<Awaited<R>>) : unknown;
