// Every operation's handler by its name in the table: a row without a handler, or a handler without a row, does not compile.
import type { Operation, OperationName } from '@godwit/protocol';
import type { Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { patchDocument, removeDocument, replaceDocument } from './change-document.ts';
import { createCollection, getCollection, listCollections, removeCollection, replaceCollection } from './collections.ts';
import { connect } from './connect.ts';
import { getStats, listConnections, type Roster, removeConnection, renewSession, type Vitals } from './connections.ts';
import { createDocument } from './create-document.ts';
import { createToken } from './create-token.ts';
import { ackSubscription, attachSubscription, detachSubscription, pullSubscription } from './deliveries.ts';
import { discover } from './discover.ts';
import { getAsyncapi, getChangelog, getOpenapi } from './documentation.ts';
import { getDocument } from './get-document.ts';
import { getSession } from './get-session.ts';
import { createKey, listKeys, removeKey } from './keys.ts';
import { listDocuments } from './list-documents.ts';
import { publish } from './publish.ts';
import { readMessages } from './read-messages.ts';
import { createSubscription, getSubscription, listSubscriptions, removeSubscription, replaceSubscription } from './subscriptions.ts';

/** `actions`: the application's own rows, for the documents that describe the API; `vitals`: how operations and the process fare. */
export const handlers = (actions: readonly Operation[], roster: Roster, vitals: Vitals): Record<OperationName, (core: Core) => Handler> => ({
  discover,
  getChangelog,
  getOpenapi: getOpenapi(actions),
  getAsyncapi,
  // A batch is carried out as a whole by the dispatcher, never by a handler.
  batch: () => () => {
    throw new Error('A batch has no handler.');
  },
  createCollection,
  listCollections,
  getCollection,
  replaceCollection,
  removeCollection,
  createKey,
  listKeys,
  removeKey,
  createToken,
  getSession,
  publish,
  readMessages,
  createSubscription,
  listSubscriptions,
  getSubscription,
  replaceSubscription,
  removeSubscription,
  attachSubscription,
  detachSubscription,
  ackSubscription,
  pullSubscription,
  connect,
  renewSession,
  listConnections: listConnections(roster),
  removeConnection: removeConnection(roster),
  getStats: getStats(roster, vitals),
  listDocuments,
  createDocument,
  getDocument,
  replaceDocument,
  patchDocument,
  removeDocument,
});
