// What the store is told of who waits for a read (6.1.1): while somebody does, and no longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../core/session.ts';
import { type Asker, type Storage, StorageError } from '../ports/storage.ts';
import { ADMIN, type Assembly, assemble } from '../testing/assembly.ts';
import { settled } from '../testing/clock.ts';

/** Lists stay unanswered. */
const withLists = async (run: (assembly: Assembly, askers: (Asker | undefined)[], answer: (error: Error) => void) => Promise<void>): Promise<void> => {
  const askers: (Asker | undefined)[] = [];
  const answers: ((error: Error) => void)[] = [];
  const list: Storage['listDocuments'] = ({ asker }) => {
    askers.push(asker);
    return new Promise((_, reject) => answers.push(reject));
  };
  const wrap = (storage: Storage): Storage =>
    new Proxy(storage, {
      get: (target, name) => {
        if (name === 'listDocuments') return list;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  const assembly = await assemble({ collections: { docs: {} }, settings: { requestTimeout: '5s' }, wrap });
  try {
    await run(assembly, askers, (error) => answers.forEach((reject) => void reject(error)));
  } finally {
    await assembly.close();
  }
};

test('6.1.1: nobody waits for a list after TIMEOUT, alone or in a partial batch; an atomic one goes on, for its repeat to find', () =>
  withLists(async ({ ask, clock }, askers, answer) => {
    const batch = (mode: string) => ask('POST', '/batch', { requestId: mode, data: { mode, operations: [{ method: 'GET', path: '/docs' }] } });
    const asked: Promise<unknown>[] = [];
    for (const one of [() => ask('GET', '/docs'), () => batch('partial'), () => batch('atomic')]) {
      asked.push(one().then(({ code }) => code));
      while (askers.length < asked.length) await settled();
    }
    assert.deepEqual(
      askers.map((asker) => [asker?.client, asker?.isGone]),
      Array.from({ length: 3 }, () => ['admin', false]),
    );
    await clock.advance(5000);
    assert.deepEqual(await Promise.all(asked), ['TIMEOUT', 'TIMEOUT', 'TIMEOUT']);
    assert.deepEqual(
      askers.map((asker) => asker?.isGone),
      [true, true, false],
    );
    answer(new StorageError('late', 'gone'));
  }));

test('nobody waits for what a WebSocket asked for that has closed', () =>
  withLists(async ({ dispatcher }, askers, answer) => {
    const session = { isClosed: false } as Session;
    const asked = dispatcher.run(dispatcher.find('GET', '/docs', ''), {
      query: '',
      data: undefined,
      requestId: undefined,
      preconditions: {},
      identity: ADMIN,
      metered: false,
      session,
    });
    assert.equal(askers[0]?.isGone, false);
    Object.assign(session, { isClosed: true });
    assert.equal(askers[0]?.isGone, true);
    answer(new StorageError('late', 'gone'));
    await assert.rejects(async () => asked);
  }));

test('7.1.2: who has too many lists waiting is told so', () =>
  withLists(async ({ ask }, askers, answer) => {
    const asked = ask('GET', '/docs');
    while (askers.length < 1) await settled();
    answer(new StorageError('crowded', 'many'));
    const { status, code, details, headers } = await asked;
    assert.deepEqual([status, code, details.limit], [429, 'TOO_MANY_CONNECTIONS', 100], JSON.stringify(headers));
  }));
