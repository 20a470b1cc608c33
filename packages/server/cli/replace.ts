// `godwit replace`: a document put in the place of another.
import type { Run } from './frame/call.ts';
import { changeDocument } from './frame/change.ts';

export const replace: Run<'replace'> = (call) => changeDocument('PUT', call);
