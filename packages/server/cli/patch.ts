// `godwit patch`: members of a document changed by a JSON merge patch (RFC 7396).
import type { Run } from './frame/call.ts';
import { changeDocument } from './frame/change.ts';

export const patch: Run<'patch'> = (call) => changeDocument('PATCH', call);
