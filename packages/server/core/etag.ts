// Preconditions: `If-Match` and `If-None-Match` against an entity tag (RFC 9110, 3.2.3).
import { ProtocolError } from '@godwit/protocol';
import type { Preconditions } from './call.ts';

const TAG = /[\s,]*(?:(\*)|(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*"))\s*(?:,|$)/y;

/** Whether a header names the tag: `*`, or a list in which weak forms equal strong ones, as proxies make them (3.2.3). */
export const namesTag = (header: string, tag: string): boolean => {
  TAG.lastIndex = 0;
  while (TAG.lastIndex < header.length) {
    const found = TAG.exec(header);
    if (found === null) return false;
    if (found[1] === '*' || found[2] === tag) return true;
  }
  return false;
};

const failed = (field: string): ProtocolError => new ProtocolError('PRECONDITION_FAILED', undefined, { field });

/** Throws `PRECONDITION_FAILED` where a change of what is in the state of `tag` is asked for under conditions that it does not meet, `If-Match` first (RFC 9110, section 13.2.2). */
export const checkPreconditions = ({ ifMatch, ifNoneMatch }: Preconditions, tag: string): void => {
  if (ifMatch !== undefined && !namesTag(ifMatch, tag)) throw failed('/headers/if-match');
  if (ifNoneMatch !== undefined && namesTag(ifNoneMatch, tag)) throw failed('/headers/if-none-match');
};
