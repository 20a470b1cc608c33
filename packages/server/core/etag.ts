// Preconditions: `If-Match` and `If-None-Match` against an entity tag (RFC 9110, 3.2.3).
import { ProtocolError } from '@godwit/protocol';

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

/** Throws `PRECONDITION_FAILED` where `If-Match` is there and does not name the present state; null: there is none. */
export const checkIfMatch = (header: string | undefined, tag: string): void => {
  if (header !== undefined && !namesTag(header, tag)) {
    throw new ProtocolError('PRECONDITION_FAILED', undefined, { field: '/headers/if-match' });
  }
};
