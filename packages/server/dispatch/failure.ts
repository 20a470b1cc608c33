// Whatever was thrown, as an error of the catalogue (8.1.1): what clients see of a failure, and what only the log does.
import { BOUNDS, ProtocolError } from '@godwit/protocol';
import { type ConflictReason, StorageError } from '../ports/storage.ts';

const RETRY_SECONDS = 1;

/** A refusal for now, with `Retry-After`. */
export const unavailable = (message?: string): ProtocolError =>
  new ProtocolError('UNAVAILABLE', message, { retryAfterMs: RETRY_SECONDS * 1000 }, { headers: { 'retry-after': String(RETRY_SECONDS) } });

/** The refusal of 7.1.2 to one whose reads wait already. */
const crowded = (): ProtocolError =>
  new ProtocolError(
    'TOO_MANY_CONNECTIONS',
    'Too many lists of this client that no index serves wait to be read.',
    { retryAfterMs: RETRY_SECONDS * 1000, limit: BOUNDS.inProgressPerClient },
    { headers: { 'retry-after': String(RETRY_SECONDS) } },
  );

/** An error of the catalogue for anything thrown; `unexpected` hears of what is none, so that it is logged. */
export const failureOf = (error: unknown, unexpected: (error: unknown) => void): ProtocolError => {
  if (error instanceof ProtocolError) return error;
  if (error instanceof StorageError && error.problem === 'full') return new ProtocolError('STORAGE_FULL');
  if (error instanceof StorageError && (error.problem === 'failed' || error.problem === 'closed')) return unavailable('The store does not take writes now.');
  if (error instanceof StorageError && error.problem === 'late') return new ProtocolError('TIMEOUT');
  if (error instanceof StorageError && error.problem === 'crowded') return crowded();
  unexpected(error);
  return new ProtocolError('INTERNAL');
};

/** What a refusal of the store means to the one who asked, where trying afresh would not help. */
export const refusalOf = (reason: ConflictReason): ProtocolError => {
  switch (reason) {
    case 'exists':
      return new ProtocolError('CONFLICT', 'There is one of this name already.');
    case 'missing':
      return new ProtocolError('NOT_FOUND');
    case 'not-empty':
      return new ProtocolError('CONFLICT', 'The collection holds documents: remove them first.');
    case 'client-messages':
      return new ProtocolError(
        'CONFLICT',
        'The log holds messages that clients published under this name: choose another, or wait until retention has removed them.',
      );
    default:
      return unavailable('Others change the same all the time: try again.');
  }
};
