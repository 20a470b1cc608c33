// Whatever comes, in whatever pieces: texts arrive whole and in order, and all else gets to `ws` as it would without it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { type WebSocket, WebSocketServer } from 'ws';
import { Turns } from '../../core/turns.ts';
import { plainAnswer } from './handshake.ts';
import { Intake } from './intake.ts';
import { LazyWebSocket } from './lazy.ts';

const MOST = 100_000;
const HELLO =
  'GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const frame = (first: number, payload: Buffer, mask: readonly number[] = [0x12, 0xfe, 0, 0x81]): Buffer => {
  const header =
    payload.length < 126
      ? [first, 0x80 | payload.length]
      : payload.length < 65_536
        ? [first, 0x80 | 126, payload.length >> 8, payload.length & 255]
        : [first, 0x80 | 127, 0, 0, 0, 0, payload.length >>> 24, (payload.length >> 16) & 255, (payload.length >> 8) & 255, payload.length & 255];
  return Buffer.concat([Buffer.from([...header, ...mask]), payload.map((byte, index) => byte ^ (mask[index & 3] as number))]);
};
const text = (content: string, mask?: readonly number[]): Buffer => frame(0x81, Buffer.from(content), mask);

interface Heard {
  readonly texts: string[];
  readonly pings: string[];
  readonly binary: number[];
  code: number | undefined;
  errors: number;
  /** Times that `ws` was made. */
  wakings: number;
}

/** Turns of which so many looks find each one long. */
class LongTurns extends Turns {
  #left: number;
  constructor(long: number) {
    super();
    this.#left = long;
  }
  override get isLong(): boolean {
    return this.#left-- > 0;
  }
}

/** Sends pieces to a server, and gives what it heard once the connection is over, which the last piece sees to. */
/** Turns that come when they are told to. */
class HeldTurns extends Turns {
  isHeld = false;
  readonly held: (() => void)[] = [];
  override get isLong(): boolean {
    return this.isHeld;
  }
  override push(work: () => void): void {
    this.held.push(work);
  }
}

const talk = async (pieces: readonly Buffer[], pause = false, most = MOST, leave = false, turns = new Turns()): Promise<Heard> => {
  const heard: Heard = { texts: [], pings: [], binary: [], code: undefined, errors: 0, wakings: 0 };
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: most });
  const over = new Promise<void>((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      const taker = {
        take: (bytes: Buffer, start: number, end: number, isPlain: boolean) => {
          const one = bytes.toString('utf8', start, end);
          assert.equal(isPlain, Buffer.byteLength(one) === one.length);
          heard.texts.push(one);
        },
      };
      socket.write(plainAnswer(request, false) as Buffer);
      const lazy = new LazyWebSocket(sockets, socket, (webSocket: WebSocket) => {
        heard.wakings++;
        webSocket.on('message', (data: Buffer, isBinary) => {
          if (isBinary) heard.binary.push(data.length);
          else heard.texts.push(data.toString());
        });
        webSocket.on('ping', (data: Buffer) => heard.pings.push(data.toString()));
        webSocket.on('error', () => {
          heard.errors++;
        });
        webSocket.on('close', (code) => {
          heard.code = code;
        });
      });
      socket.on('error', () => {});
      socket.on('end', () => socket.end());
      socket.on('close', resolve);
      const intake = new Intake(lazy, turns, taker, most);
      if (head.length > 0) intake.read(head);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.setNoDelay();
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.on('end', () => socket.end());
  socket.write(HELLO);
  for (const piece of pieces) {
    socket.write(piece);
    if (pause) await new Promise((resolve) => setImmediate(resolve));
  }
  if (leave) socket.end();
  await over;
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return heard;
};

const BYE = frame(0x88, Buffer.from([0x03, 0xe8]));

test('texts, pings and large messages, however they are cut', async () => {
  const part = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), content: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
    fc.record({ kind: fc.constant('text' as const), content: fc.integer({ min: 0, max: 70_000 }).map((size) => 'x'.repeat(size)) }),
    fc.record({ kind: fc.constant('ping' as const), content: fc.string({ maxLength: 100 }) }),
    fc.record({ kind: fc.constant('pong' as const), content: fc.string({ maxLength: 10 }) }),
    fc.record({ kind: fc.constant('divided' as const), content: fc.string({ minLength: 2, maxLength: 50 }) }),
  );
  const mask = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(part, mask), { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 20 }), fc.nat(9), async (parts, cuts, long) => {
      const frames = parts.flatMap(([{ kind, content }, key]) => {
        const bytes = Buffer.from(content.toWellFormed());
        if (kind === 'text') return [frame(0x81, bytes, key)];
        if (kind === 'ping') return [frame(0x89, bytes.subarray(0, 125), key)];
        if (kind === 'pong') return [frame(0x8a, bytes.subarray(0, 125), key)];
        return [frame(0x01, bytes.subarray(0, 1), key), frame(0x89, Buffer.from('between'), key), frame(0x80, bytes.subarray(1), key)];
      });
      const all = Buffer.concat([...frames, BYE]);
      const places = [...new Set([0, ...cuts.map((cut) => cut % all.length), all.length])].sort((one, other) => one - other);
      const pieces = places.slice(1).map((end, index) => all.subarray(places[index], end));
      const heard = await talk(pieces, true, MOST, false, new LongTurns(long));
      assert.deepEqual(
        heard.texts,
        parts.filter(([{ kind }]) => kind === 'text' || kind === 'divided').map(([{ content }]) => content.toWellFormed()),
      );
      assert.equal(heard.pings.length, parts.filter(([{ kind }]) => kind === 'ping' || kind === 'divided').length);
      assert.equal(heard.errors, 0);
      assert.equal(heard.code, 1000);
    }),
    { numRuns: 60 },
  );
});

test('one byte at a time', async () => {
  const all = Buffer.concat([text('first'), text('größer'), frame(0x89, Buffer.from('p')), text('x'.repeat(200)), BYE]);
  const heard = await talk(
    Array.from(all, (byte) => Buffer.from([byte])),
    true,
  );
  assert.deepEqual(heard.texts, ['first', 'größer', 'x'.repeat(200)]);
  assert.deepEqual(heard.pings, ['p']);
  assert.equal(heard.code, 1000);
});

for (const [what, fault] of [
  ['text that is not UTF-8', frame(0x81, Buffer.from([0x61, 0xff, 0x62]))],
  ['a large text that is not UTF-8', frame(0x81, Buffer.concat([Buffer.alloc(40_000, 0x61), Buffer.from([0xff])]))],
  ['a frame without a mask', Buffer.from([0x81, 1, 0x61])],
  ['a reserved bit', frame(0xc1, Buffer.from('a'))],
  ['an unknown kind of frame', frame(0x83, Buffer.from('a'))],
  ['a control frame that is too long', frame(0x89, Buffer.alloc(126))],
  ['a continuation of nothing', frame(0x80, Buffer.from('a'))],
  ['too large a message', frame(0x81, Buffer.alloc(MOST + 1))],
] as const)
  test(`after ${what} nothing more is taken`, async () => {
    for (const pieces of [
      [text('before'), fault, text('behind'), text('more')],
      [Buffer.concat([text('before'), fault, text('behind')]), text('more')],
    ]) {
      const heard = await talk(pieces);
      assert.deepEqual(heard.texts, ['before']);
      assert.equal(heard.errors, 1);
      // `ws` tells the other side why; here it is over when that has gone.
      assert.equal(heard.code, 1006);
    }
  });

test('what is binary, and what comes behind a goodbye', async () => {
  const heard = await talk([text('before'), frame(0x82, Buffer.alloc(3)), text('behind'), BYE, text('late')]);
  assert.deepEqual(heard, { texts: ['before', 'behind'], pings: [], binary: [3], code: 1000, errors: 0, wakings: 1 });
});

test('who sends texts and pongs, and goes without a goodbye, wakes nobody', async () => {
  const heard = await talk([text('one'), frame(0x8a, Buffer.from('p')), text('two')], true, MOST, true);
  assert.deepEqual(heard, { texts: ['one', 'two'], pings: [], binary: [], code: undefined, errors: 0, wakings: 0 });
});

test('what comes while a turn of the event loop is long waits for a coming one, whole and in order, and no more of it is read meanwhile', async () => {
  const texts = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat(30_000)}`);
  for (const long of [1, 3, 1000]) {
    const heard = await talk([...texts.map((content) => text(content)), BYE], false, MOST, false, new LongTurns(long));
    assert.deepEqual(heard.texts, texts);
    assert.equal(heard.code, 1000);
  }
  const gone = await talk([text('said'), text('and gone')], true, MOST, true, new LongTurns(10));
  assert.deepEqual(gone.texts, ['said', 'and gone']);
});

for (const wakes of [true, false])
  for (const goodbye of ['reset', 'end'] as const)
    test(`what waits for its turn when its socket is gone is nobody's (${wakes ? 'awake' : 'asleep'}, ${goodbye})`, async () => {
      const turns = new HeldTurns();
      const sockets = new WebSocketServer({ noServer: true });
      const server = createServer();
      let heard = 0;
      const carrier = new Promise<Duplex>((resolve) =>
        server.on('upgrade', (request, socket) => {
          socket.write(plainAnswer(request, false) as Buffer);
          const lazy = new LazyWebSocket(sockets, socket, (webSocket) => webSocket.on('error', () => {}));
          new Intake(lazy, turns, { take: () => heard++ }, MOST);
          socket.on('error', () => {});
          socket.on('end', () => socket.destroy());
          resolve(socket);
        }),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      client.on('error', () => {});
      client.on('data', () => {});
      client.write(HELLO);
      const socket = await carrier;
      if (wakes) {
        const pong = once(client, 'data');
        client.write(frame(0x89, Buffer.from('p')));
        await pong;
      }
      turns.isHeld = true;
      const came = once(socket, 'data');
      client.write(text('late'));
      await came;
      const gone = new Promise((resolve) => socket.once('close', resolve));
      if (goodbye === 'reset') client.resetAndDestroy();
      else client.end();
      await gone;
      assert.equal(turns.held.length, 1);
      for (const work of turns.held) work();
      assert.equal(heard, 0);
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    });

test('a pong that tells its length in the longer form is a fault, as a ping is', async () => {
  const long = (kind: number): Buffer => Buffer.concat([Buffer.from([kind, 0x80 | 126, 0, 1, 0, 0, 0, 0]), Buffer.from('p')]);
  for (const kind of [0x89, 0x8a]) assert.equal((await talk([text('before'), long(kind), text('behind')])).errors, 1);
});

test('a bound that is below what is gathered here holds all the same', async () => {
  const heard = await talk([text('x'.repeat(1000)), text('x'.repeat(1001)), text('behind')], false, 1000);
  assert.deepEqual([heard.texts.map(({ length }) => length), heard.errors], [[1000], 1]);
});
