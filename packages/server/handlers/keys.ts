// API keys as resources (11.1): shown once when made, kept as a hash.
import { invalidField, isScope, type KeyCreate, ProtocolError } from '@godwit/protocol';
import type { Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { hashKey, type Key } from '../core/keys.ts';
import { wireTime } from '../core/time.ts';

const keyValue = ({ id, name, client, scopes, limits, createdAt }: Key): Record<string, unknown> => ({
  id,
  name,
  client,
  scopes,
  limits,
  createdAt: wireTime(createdAt),
});

/** Throws `VALIDATION_FAILED` for what is no scope. */
export const checkScopes = (scopes: readonly string[], field: string): void => {
  for (const [index, scope] of scopes.entries()) {
    if (!isScope(scope)) throw invalidField(`${field}/${index}`, 'is not a scope: read:C, write:C, publish:P, subscribe:P or admin');
  }
};

export const createKey =
  (core: Core): Handler =>
  ({ data, tx }) => {
    const { name = null, client, scopes, limits = {} } = data as KeyCreate;
    checkScopes(scopes, '/data/scopes');
    const id = core.ids.uuid();
    const secret = `gdw_${core.ids.secret(24)}`;
    const key: Key = { id, hash: hashKey(secret), name, client: client ?? id, scopes: [...new Set(scopes)], limits, createdAt: core.clock.now() };
    tx.record({ kind: 'key', id, body: JSON.stringify(key), expect: 'absent' });
    tx.afterCommit(() => core.keys.set(key));
    const { id: shownId, ...rest } = keyValue(key);
    return { status: 201, data: { id: shownId, key: secret, ...rest }, remember: { id: shownId, ...rest }, headers: { location: `/v1/keys/${id}` } };
  };

export const listKeys =
  (core: Core): Handler =>
  () => ({ status: 200, data: { items: core.keys.all().map(keyValue) } });

export const removeKey =
  (core: Core): Handler =>
  ({ params, tx }) => {
    const id = params['id'] as string;
    if (core.keys.get(id) === undefined) throw new ProtocolError('NOT_FOUND', 'There is no such key.');
    if (core.keys.isLastAdmin(id)) throw new ProtocolError('CONFLICT', 'This is the last key with the scope admin: make another first.');
    tx.record({ kind: 'key', id, body: null, expect: 'present' });
    core.keys.leaves(id);
    tx.afterCommit(() => {
      core.keys.delete(id);
      core.keys.stays(id);
    });
    tx.afterFailure(() => core.keys.stays(id));
    return { status: 204 };
  };
