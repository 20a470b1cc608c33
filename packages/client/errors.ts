// What goes wrong, as one class: what the server refused, in its own words, and what never reached it (8.1.1, 8.2.1).
import type { ErrorCode, ErrorDetails } from '@godwit/protocol';

/** The codes that the client adds to the catalogue: no answer came, no answer came in time, the client was closed, what came cannot be read. */
export type ClientErrorCode = 'NETWORK' | 'CLIENT_TIMEOUT' | 'CLOSED' | 'PROTOCOL';

/** Anything that a request or a subscription fails with, but for an abort, which rejects with the signal's own reason. */
export class GodwitError extends Error {
  /** Of the catalogue, or one of the client's own. */
  declare readonly code: ErrorCode | ClientErrorCode;
  /** As over HTTP; 0 where there was no answer. */
  declare readonly status: number;
  declare readonly details: ErrorDetails;
  /** The requestId of the request that failed; empty where it was none. */
  declare readonly requestId: string;
  /** Whether the same request can succeed later, with the same requestId (8.2.1). */
  declare readonly retryable: boolean;

  constructor(
    { code, message, details = {} }: { code: ErrorCode | ClientErrorCode; message: string; details?: ErrorDetails },
    { status = 0, requestId = '', cause }: { status?: number; requestId?: string; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, { name: 'GodwitError', code, details, status, requestId, retryable: details.retryable === true });
  }
}

/** No whole answer came: the request may or may not have taken effect. */
export const noAnswer = (message: string, requestId = '', cause?: unknown, details: ErrorDetails = {}): GodwitError =>
  new GodwitError({ code: 'NETWORK', message, details: { ...details, retryable: true } }, { requestId, cause });

/** No answer came within `timeout` milliseconds. */
export const tooLate = (timeout: number, requestId: string): GodwitError =>
  new GodwitError({ code: 'CLIENT_TIMEOUT', message: `No answer came in ${timeout} ms.`, details: { retryable: true } }, { requestId });

/** What it was asked of is closed. */
export const ended = (message: string): GodwitError => new GodwitError({ code: 'CLOSED', message });

/** There is nothing to go on with: the credentials cannot be renewed. */
export const expired = (): GodwitError => new GodwitError({ code: 'TOKEN_EXPIRED', message: 'The token has expired; there is no getToken.' }, { status: 401 });

/**
 * Whether a failure says nothing of what was asked, but of the way there: no answer, a page of something between, credentials that are refused. It ends no subscription:
 * what is left to try is for the connection to see.
 */
export const isOfTheWay = ({ status, code }: GodwitError): boolean => status === 0 || status === 401 || code === 'PROTOCOL';

/** Whether it is the answer to what was asked, and would be the same later. */
export const isFinal = (error: GodwitError): boolean => !error.retryable && !isOfTheWay(error);

/** Where to go on behind messages that are no longer kept (6.2.9); undefined where it is another error. */
export const earliestOf = (error: unknown): string | undefined =>
  error instanceof GodwitError && error.code === 'CURSOR_EXPIRED' ? (error.details['earliest'] as string | undefined) : undefined;

/** Anything that was thrown, as an error of ours. */
export const asError = (error: unknown): GodwitError =>
  error instanceof GodwitError ? error : noAnswer(String((error as Error)?.message ?? error), '', error);
