// What an application declares, read as types: what its schemas, paths and topics say of documents, messages and calls. The server's actions and its
// clients read the same ones, so that both are told the same. Types only: nothing here runs.
import type { Shape } from './shapes/common.ts';

/** A JSON Schema (2020-12) as it is declared: written inline, `as const`, or made by TypeBox; `true` and `null` take anything. */
export type DeclaredSchema = object | boolean | null;

/** A document of a collection that says nothing of its members. */
export type Body = Record<string, unknown>;

/** What the server keeps of every document (3.2.2). */
export interface Kept {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Any object, where a schema names no member. */
type Named<T> = object extends T ? (keyof T extends never ? Body : T) : T;

/** The members of a document that are its own, as the schema of its collection types them. */
export type OwnMembers<Definition> = Definition extends { readonly schema: infer S extends object } ? Named<Shape<S>> : Body;

/** One object type in place of an intersection, so that what a compiler says of it can be read. */
export type Flat<T> = T extends unknown ? { [M in keyof T]: T[M] } : never;

/** A document of a collection, as its schema types it. */
export type DocumentOf<Definition> = Flat<OwnMembers<Definition> & Kept>;

/** What is sent to create a document: its own members, and its id where it is chosen (3.2.2). */
export type NewDocument<Definition> = Flat<OwnMembers<Definition> & { readonly id?: string }>;

/** A JSON merge patch (RFC 7396): any of the members; null removes one that need not be there. */
export type Patch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [M in keyof T]?: Patch<T[M]> | (Record<never, never> extends Pick<T, M> ? null : never) }
    : T;

/** The data of a message of a declared topic, as its schema types it. */
type DataOf<Definition> = Definition extends { readonly schema: infer S extends object } ? Shape<S> : unknown;

type CoversSegment<Outer, Inner> = Inner extends '**' ? false : Outer extends '*' ? true : Inner extends Outer ? true : false;

/** Whether every topic that `Inner` stands for is matched by the pattern `Outer`, as `covers` says it of values. */
type Covers<Outer extends string, Inner extends string> = Outer extends '**'
  ? true
  : Outer extends `${infer First}.${infer Rest}`
    ? Inner extends `${infer Segment}.${infer More}`
      ? CoversSegment<First, Segment> extends true
        ? Covers<Rest, More>
        : false
      : false
    : Inner extends `${string}.${string}`
      ? false
      : CoversSegment<Outer, Inner>;

/** The declared patterns that cover a topic or pattern; none where nothing is declared of it, or nothing at all. */
export type DeclaredFor<Topics, Topic extends string> = string extends keyof Topics
  ? never
  : { [P in keyof Topics & string]: Covers<P, Topic> extends true ? P : never }[keyof Topics & string];

/** The data of the messages of a topic or pattern: what every declaration that covers it says; unknown where none does. */
export type TopicData<Topics, Topic extends string> = {
  [P in DeclaredFor<Topics, Topic>]: (data: P extends keyof Topics ? DataOf<Topics[P]> : never) => void;
}[DeclaredFor<Topics, Topic>] extends (data: infer Data) => void
  ? Data
  : never;

/** The segments of an action's path that stand for something: `id` of `/orders/:id/cancel`. */
export type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;
