// What the client takes: JSON or not, gzip or not (3.1.2, 9.1.1).

import { ProtocolError } from '@godwit/protocol';
import Negotiator from 'negotiator';

const EVENT_STREAM = /text\/event-stream/i;
const MOST_KEPT = 64;
const LONGEST_KEPT = 256;

/** Clients are of few kinds, and each says the same every time: what was made of a header is kept, within bounds. */
const kept = (judge: (header: string) => boolean): ((header: string) => boolean) => {
  const known = new Map<string, boolean>();
  return (header) => {
    const before = known.get(header);
    if (before !== undefined) return before;
    const verdict = judge(header);
    if (known.size >= MOST_KEPT) known.clear();
    if (header.length <= LONGEST_KEPT) known.set(header, verdict);
    return verdict;
  };
};

/** All that a media range says beside its type and `q`, texts in quotes in one piece. */
const PARAMETERS = /;(?!\s*q\s*=)[^;,"]*(?:"(?:[^"\\]|\\.)*"[^;,"]*)*/gi;

/** The preferred of our types. Ours have no parameters, and one that is asked for (`charset=utf-8`) excludes nothing. */
const preferred = (accept: string, types: string[]): string | undefined =>
  new Negotiator({ headers: { accept: accept.replace(PARAMETERS, '') } }).mediaType(types);

const takesJson = kept((accept) => preferred(accept, ['application/json']) !== undefined);
const takesGzip = kept((accepted) => new Negotiator({ headers: { 'accept-encoding': accepted } }).encodings(['gzip']).length > 0);

/** Throws `NOT_ACCEPTABLE` where `Accept` excludes JSON (3.1.2). An empty one says nothing. */
export const checkAccepts = (accept: string | undefined): void => {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return;
  if (!takesJson(accept)) throw new ProtocolError('NOT_ACCEPTABLE', undefined, { field: '/headers/accept' });
};

/** Whether gzip is taken: named, or `*`, and not with `q=0`. */
export const acceptsGzip = (acceptEncoding: string | undefined): boolean => {
  if (acceptEncoding === undefined || acceptEncoding === '') return false;
  return takesGzip(acceptEncoding);
};

/** Whether a stream of events is asked for rather than JSON (6.3.3). */
export const prefersEventStream = (accept: string | undefined): boolean =>
  accept !== undefined && EVENT_STREAM.test(accept) && preferred(accept, ['application/json', 'text/event-stream']) === 'text/event-stream';
