// A batch over HTTP, as the scenarios of 9.2 and of its neighbours send it.
import type { Caller, HttpAnswer } from './caller.ts';
import type { Json } from './json.ts';

export const batch = (who: Caller, operations: Json, more: Json = {}, requestId?: string): Promise<HttpAnswer> =>
  who.http('POST', '/v1/batch', { data: { operations, ...more }, ...(requestId === undefined ? {} : { requestId }) });
