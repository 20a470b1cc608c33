// Connections as administrators see and end them (11.5).
import { wireTime } from '../core/time.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';

const connectionValue = (connection: Connection): Record<string, unknown> => {
  const { identity, link } = connection;
  return {
    id: connection.connectionId,
    client: identity.client,
    keyId: identity.keyId,
    sub: identity.sub,
    instance: connection.instance ?? null,
    transport: link.transport,
    address: link.address,
    openedAt: wireTime(connection.openedAt),
    expiresAt: identity.expiresAt === null ? null : wireTime(identity.expiresAt),
    subscriptions: connection.subscriptions,
    queuedBytes: connection.queued,
    bytesSent: link.bytesWritten,
    bytesReceived: link.bytesRead,
    messagesReceived: connection.received,
    behind: connection.congested,
  };
};

export const rosterOf = (connections: Connections) => ({
  list: (): readonly Record<string, unknown>[] => connections.all().map(connectionValue),
  end: (id: string): boolean => {
    const connection = connections.get(id);
    connection?.close(4101, 'ended by an administrator');
    return connection !== undefined;
  },
  stats: (): Record<string, unknown> => ({
    connections: { websocket: connections.count('websocket'), sse: connections.count('sse'), poll: connections.parked },
    subscriptions: connections.all().reduce((sum, { subscriptions }) => sum + subscriptions, 0),
  }),
});
