// What the client takes: JSON or not, gzip or not (3.1.2, 9.1.1).

import { ProtocolError } from '@godwit/protocol';
import Negotiator from 'negotiator';

/** Throws `NOT_ACCEPTABLE` where `Accept` excludes the type. */
export const checkAccepts = (accept: string | undefined, type = 'application/json'): void => {
  if (accept === undefined || accept === '*/*' || accept === type) return;
  if (new Negotiator({ headers: { accept } }).mediaType([type]) === undefined)
    throw new ProtocolError('NOT_ACCEPTABLE', undefined, { field: '/headers/accept' });
};

/** Whether gzip is taken: named, or `*`, and not with `q=0`. */
export const acceptsGzip = (acceptEncoding: string | undefined): boolean => {
  if (acceptEncoding === undefined || acceptEncoding === '') return false;
  return new Negotiator({ headers: { 'accept-encoding': acceptEncoding } }).encodings(['gzip']).length > 0;
};

/** Whether a stream of events is asked for rather than JSON (6.3.3). */
export const prefersEventStream = (accept: string | undefined): boolean =>
  accept?.includes('text/event-stream') === true &&
  new Negotiator({ headers: { accept } }).mediaType(['application/json', 'text/event-stream']) === 'text/event-stream';
