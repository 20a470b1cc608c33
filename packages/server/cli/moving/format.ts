// The lines of an export: a header, collections with their documents, messages, and an end without which the file is not whole. Refuses lines of another format.
import { isObject, type JsonSchema } from '@godwit/protocol';
import { CommandError } from '../frame/failure.ts';

export const FORMAT = 1;

export interface Selection {
  /** As they were asked for: `*` for all. */
  readonly collections: readonly string[];
  readonly messages: readonly string[];
  readonly after: string;
}

export interface Header {
  readonly type: 'godwit-export';
  readonly format: number;
  /** Names this export; what is imported from it is named after it. */
  readonly id: string;
  readonly time: string;
  readonly url: string;
  readonly server: { readonly name: string; readonly version: string; readonly protocolVersion: string };
  readonly selection: Selection;
  /** Names of the collections, in their order here. */
  readonly collections: readonly string[];
  /** The last message that belongs to it; null where none were asked for. */
  readonly until: string | null;
}

export interface CollectionLine {
  readonly type: 'collection';
  readonly name: string;
  /** Absent where the key could not see it. */
  readonly schema?: JsonSchema | boolean | null;
  readonly indexes?: readonly string[];
}
export interface DocumentLine {
  readonly type: 'document';
  readonly collection: string;
  readonly document: Readonly<Record<string, unknown>> & { readonly id: string };
}
export interface MessageLine {
  readonly type: 'message';
  readonly topic: string;
  readonly messageId: string;
  readonly cursor: string;
  readonly timestamp: string;
  readonly data: unknown;
}
/** Messages that were no longer kept when their turn came. */
export interface GapLine {
  readonly type: 'gap';
  readonly from: string;
  readonly to: string;
}
export interface EndLine {
  readonly type: 'end';
  /** Lines before this one, the header too. */
  readonly lines: number;
}
export type BodyLine = CollectionLine | DocumentLine | MessageLine | GapLine | EndLine;

const TYPES: ReadonlySet<unknown> = new Set(['collection', 'document', 'message', 'gap', 'end']);

const parsed = (text: string, where: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new CommandError(`${where} is no line of an export`, { code: 'FORMAT' });
};

/** Reads the first line. Throws where it is not one of an export that this version reads. */
export const readHeader = (text: string, where: string): Header => {
  const value = parsed(text, where);
  if (value['type'] !== 'godwit-export' || typeof value['id'] !== 'string')
    throw new CommandError(`${where} does not begin as an export does`, {
      code: 'FORMAT',
      remedy: '`godwit create` and `godwit publish` take plain lines of JSON.',
    });
  if (value['format'] !== FORMAT)
    throw new CommandError(`${where} is of format ${String(value['format'])}, and this version reads format ${FORMAT}`, {
      code: 'FORMAT',
      remedy: 'Use the version of godwit that wrote it.',
    });
  return value as unknown as Header;
};

/** Reads any other line. */
export const readBody = (text: string, where: string): BodyLine => {
  const value = parsed(text, where);
  if (!TYPES.has(value['type'])) throw new CommandError(`${where} is no line of an export`, { code: 'FORMAT' });
  return value as unknown as BodyLine;
};
