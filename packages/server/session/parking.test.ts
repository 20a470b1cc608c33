// Who waits for a message on a connection goes with it, also where it closed before the wait began (6.3.1, 7.1.2).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BOUNDS } from '@godwit/protocol';
import { ADMIN, type Assembly, assemble } from '../testing/assembly.ts';
import { quietEncoder, quietLink } from '../testing/link.ts';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';

let assembly: Assembly;
before(async () => {
  assembly = await assemble();
});
after(() => assembly.close());

const open = (): Connection => new Connections(assembly.core).open(ADMIN, quietLink(), quietEncoder);

/** A wait, and whether it was told that nobody waits for it any more. */
const wait = (connection: Connection): { readonly over: Promise<void>; told: () => boolean } => {
  let told = false;
  let end = (): void => {};
  const waits = new Promise<void>((resolve) => (end = resolve));
  const over = connection.park(
    () => waits,
    () => {
      told = true;
      end();
    },
  );
  return { over, told: () => told };
};

test('its end, and other credentials, are told to whoever waits', async () => {
  const connection = open();
  const first = wait(connection);
  connection.renew(ADMIN);
  await first.over;
  assert.ok(first.told());
  const second = wait(connection);
  connection.close(4101, 'ended');
  await second.over;
  assert.ok(second.told());
});

test('where it has closed before, the wait is over as it begins', async () => {
  const connection = open();
  connection.close(4101, 'ended');
  const late = wait(connection);
  await late.over;
  assert.ok(late.told());
});

test('there are at most 100 at a time, and one that is over leaves its place', async () => {
  const connection = open();
  const waits = Array.from({ length: BOUNDS.inProgressPerClient }, () => wait(connection));
  await assert.rejects(wait(connection).over, { code: 'TOO_MANY_CONNECTIONS' });
  connection.renew(ADMIN);
  await Promise.all(waits.map(({ over }) => over));
  const again = wait(connection);
  connection.close(4101, 'ended');
  await again.over;
});
