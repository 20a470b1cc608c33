// GET /v1/session: who is asking, and what it may (11.6). What a program that serves people reads first, to show no more than it can do.
import type { KeyLimits } from '@godwit/protocol';
import { mayDo } from '../core/access.ts';
import type { Handler, Identity } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { wireTime } from '../core/time.ts';

export const getSession =
  ({ settings, collections }: Core): Handler =>
  (call) => {
    const identity = call.identity as Identity;
    const { client, keyId, sub, scopes, limits, expiresAt } = identity;
    const { operationsPerMinute, connectionsPerClient, messagesPerSecond } = settings;
    const inForce: Required<KeyLimits> = { operationsPerMinute, connectionsPerClient, messagesPerSecond, ...limits };
    const known = collections
      .all()
      .map(({ name }) => ({ name, read: mayDo(identity, `read:${name}`), write: mayDo(identity, `write:${name}`) }))
      .filter(({ read, write }) => read || write);
    return {
      status: 200,
      data: { client, keyId, sub, scopes, limits: inForce, expiresAt: expiresAt === null ? null : wireTime(expiresAt), collections: known },
    };
  };
