// POST /v1/tokens: a short-lived token for a browser or device (11.2). Nothing is written, so a repeat makes another one.
import type { TokenCreate } from '@godwit/protocol';
import type { Handler, Identity } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { wireTime } from '../core/time.ts';
import { checkScopes } from './keys.ts';

export const createToken =
  (core: Core): Handler =>
  ({ data, identity }) => {
    const { ttl, sub, scopes } = data as TokenCreate;
    if (scopes !== undefined) checkScopes(scopes, '/data/scopes');
    const given = sub ?? core.ids.uuid();
    const { token, expiresAt } = core.keys.makeToken(identity as Identity, {
      ttl,
      sub: given,
      own: sub !== undefined,
      ...(scopes === undefined ? {} : { scopes }),
    });
    return { status: 201, data: { token, expiresAt: wireTime(expiresAt), sub: given } };
  };
