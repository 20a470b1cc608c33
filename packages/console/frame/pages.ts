// Which pages there are and who sees them: the navigation and the routes, by the scopes of who is asking.
import { may, mayAny, who } from './session.ts';

export interface PageEntry {
  readonly path: string;
  readonly title: () => string;
  readonly isShown: () => boolean;
}

const isAdmin = (): boolean => may('admin');

export const PAGES: readonly PageEntry[] = [
  { path: 'live', title: () => 'Live', isShown: () => mayAny('subscribe') || mayAny('publish') },
  { path: 'documents', title: () => 'Documents', isShown: () => isAdmin() || (who.value?.collections.length ?? 0) > 0 || mayAny('read') || mayAny('write') },
  { path: 'subscriptions', title: () => 'Subscriptions', isShown: () => mayAny('subscribe') },
  { path: 'connections', title: () => 'Connections', isShown: isAdmin },
  { path: 'keys', title: () => (isAdmin() ? 'Keys' : 'Tokens'), isShown: () => isAdmin() || who.value?.sub === null },
  { path: 'health', title: () => 'Health', isShown: isAdmin },
];

/** What a page that is not shown would have needed. */
export const NEEDED: Readonly<Record<string, string>> = {
  live: 'subscribe:… or publish:…',
  documents: 'read:… or write:…',
  subscriptions: 'subscribe:…',
  connections: 'admin',
  keys: 'a key: a token cannot make others',
  health: 'admin',
};
