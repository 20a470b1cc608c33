// Who is connected, for administrators (11.5), and the credentials of one's own connection (5.4).
import { ProtocolError, type SessionRenew } from '@godwit/protocol';
import type { Handler, Identity } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { wireTime } from '../core/time.ts';

/** What handlers may know and do of connections; the session room gives it. */
export interface Roster {
  list(): readonly Record<string, unknown>[];
  /** Ends one (4101); false where there is none. */
  end(id: string): boolean;
  stats(): Record<string, unknown>;
}

/** How operations and the process fare; asked at each look, never counted here. */
export type Vitals = () => Readonly<Record<'requests' | 'process', unknown>>;

export const listConnections = (roster: Roster) => (): Handler => () => ({ status: 200, data: { items: roster.list() } });

export const removeConnection =
  (roster: Roster) =>
  (): Handler =>
  ({ params }) => {
    if (!roster.end(params['id'] as string)) throw new ProtocolError('NOT_FOUND', 'There is no such connection.');
    return { status: 204 };
  };

export const getStats =
  (roster: Roster, vitals: Vitals) =>
  (core: Core): Handler => {
    const startedAt = core.clock.now();
    return () => {
      const { log, counters } = core.storage;
      return {
        status: 200,
        data: {
          uptime: core.clock.now() - startedAt,
          ...roster.stats(),
          durableSubscriptions: core.durables.all().length,
          log: {
            messages: log.last - log.first + 1,
            bytes: log.bytes,
            earliest: core.cursors.format(core.cursors.earliest),
            latest: core.cursors.format(core.cursors.latest),
            oldest: log.oldest === null ? null : wireTime(log.oldest),
          },
          store: { ...counters },
          feed: { ...core.feed.counters, waitingPolls: core.feed.waiting },
          ...vitals(),
        },
      };
    };
  };

export const renewSession =
  (core: Core): Handler =>
  ({ session, identity, data }) => {
    if (session === undefined) throw new ProtocolError('WEBSOCKET_REQUIRED', 'Only a WebSocket has a session.');
    const renewed = core.keys.identify((data as SessionRenew).token);
    if (renewed.client !== (identity as Identity).client) throw new ProtocolError('FORBIDDEN', 'The token is of another client.', { field: '/data/token' });
    session.renew(renewed);
    return { status: 200, data: { expiresAt: renewed.expiresAt === null ? null : wireTime(renewed.expiresAt) } };
  };
