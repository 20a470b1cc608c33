// A document or a collection for a person: itself, indented, and the ETag that --if-match takes.
import type { Output } from './output.ts';
import { plain } from './output.ts';

export const showDocument = async (output: Output, document: object, etag?: string): Promise<void> => {
  await output.show(document, () => JSON.stringify(document, null, 2).split('\n').map(plain).join('\n'));
  if (etag !== undefined && etag !== '') output.note(output.style('dim', `ETag ${etag}`));
};
