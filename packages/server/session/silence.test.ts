// Who counts as silent (5.1.3): whoever says nothing while this process looks, not while it stands still.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ADMIN, type Assembly, assemble } from '../testing/assembly.ts';
import { type QuietLink, quietEncoder, quietLink } from '../testing/link.ts';
import type { Link } from './connection.ts';
import { Connections } from './connections.ts';

const INTERVAL_MS = 30_000;

let assembly: Assembly;
let connections: Connections;
before(async () => {
  assembly = await assemble({ settings: { heartbeatInterval: INTERVAL_MS } });
});
beforeEach(() => {
  connections = new Connections(assembly.core);
});
after(() => assembly.close());

interface Told {
  readonly link: QuietLink;
  readonly closedWith: number[];
}

const open = (transport: Link['transport']): Told => {
  const closedWith: number[] = [];
  const link = quietLink({ transport, bytesRead: 1, close: (code) => void closedWith.push(code) });
  connections.open({ ...ADMIN, limits: { connectionsPerClient: 1000 } }, link, quietEncoder);
  return { link, closedWith };
};

test('who says nothing for two intervals is closed with 4001, and not before', async () => {
  const { closedWith } = open('websocket');
  await assembly.clock.advance(INTERVAL_MS * 2 - 1000);
  assert.deepEqual(closedWith, []);
  await assembly.clock.advance(INTERVAL_MS);
  assert.deepEqual(closedWith, [4001]);
});

test('whoever says anything lives on', async () => {
  const { closedWith, link } = open('websocket');
  for (let said = 0; said < 6; said++) {
    await assembly.clock.advance(INTERVAL_MS * 1.5);
    link.bytesRead += 1;
  }
  assert.deepEqual(closedWith, []);
});

test('what is queued and drains counts; what is queued and does not is silence, on an event stream too', async () => {
  const [drains, stuck, idle] = [open('websocket'), open('sse'), open('sse')];
  for (const { link } of [drains, stuck]) link.queued = link.bytesWritten = 1000;
  for (let round = 0; round < 6; round++) {
    await assembly.clock.advance(INTERVAL_MS / 2);
    drains.link.bytesWritten += 10;
  }
  assert.deepEqual([drains.closedWith, stuck.closedWith, idle.closedWith], [[], [4001], []]);
  idle.link.queued = idle.link.bytesWritten = 1000;
  await assembly.clock.advance(INTERVAL_MS);
  assert.deepEqual(idle.closedWith, [], 'it was not silent while nothing was queued');
});

test('where this process stood still, nobody was silent: what came meanwhile has yet to be read', async () => {
  const all = Array.from({ length: 64 }, () => open('websocket'));
  await assembly.clock.advance(INTERVAL_MS);
  assembly.clock.standStill(INTERVAL_MS * 10);
  await assembly.clock.advance(1);
  for (const { link } of all) link.bytesRead += 1;
  await assembly.clock.advance(INTERVAL_MS);
  assert.deepEqual(
    all.flatMap(({ closedWith }) => closedWith),
    [],
  );
});
