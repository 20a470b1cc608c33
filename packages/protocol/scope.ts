// Scopes: what a key or token may do (11.3). Pure rules; who has which is the server's to know.
import { covers, isPattern } from './topic.ts';

const COLLECTION_SCOPE = /^(?:read|write):(?:\*|[a-z][a-z0-9_-]{0,62})$/;

/** Whether `text` is a scope: `read:C`, `write:C` (a collection or `*`), `publish:P`, `subscribe:P` (a pattern), `admin`. */
export const isScope = (text: string): boolean => {
  if (text === 'admin' || COLLECTION_SCOPE.test(text)) return true;
  const [verb, rest] = splitScope(text);
  return (verb === 'publish' || verb === 'subscribe') && isPattern(rest);
};

const splitScope = (scope: string): [string, string] => {
  const colon = scope.indexOf(':');
  return colon === -1 ? [scope, ''] : [scope.slice(0, colon), scope.slice(colon + 1)];
};

/** Whether holding `held` allows what `asked` names: itself, a wider collection or a covering pattern, or `admin`. */
export const allows = (held: string, asked: string): boolean => {
  if (held === 'admin' || held === asked) return true;
  const [heldVerb, heldWhat] = splitScope(held);
  const [askedVerb, askedWhat] = splitScope(asked);
  if (heldVerb !== askedVerb) return false;
  return heldVerb === 'publish' || heldVerb === 'subscribe' ? covers(heldWhat, askedWhat) : heldWhat === '*';
};
