// Replays what a client of a released minor version once sent, and compares what it gets with what it got then (10.2). New
// members are no difference; a missing or changed one is.
import assert from 'node:assert/strict';
import type { Caller } from './caller.ts';
import overHttp from './conversations/1.0.json' with { type: 'json' };
import overWebSocket from './conversations/1.0-websocket.json' with { type: 'json' };
import { isTimestamp } from './invariants.ts';
import type { Json } from './json.ts';
import type { Channel } from './websocket.ts';

export interface Conversation {
  readonly version: string;
  readonly title: string;
  readonly over: 'http' | 'websocket';
  readonly steps: readonly Json[];
}

/** Every file of `conversations/`, by its name: imported, so that the build takes them along. */
export const RECORDED: Readonly<Record<string, readonly Json[]>> = { '1.0-websocket.json': overWebSocket, '1.0.json': overHttp };

export const conversations = (): Conversation[] =>
  Object.entries(RECORDED).flatMap(([file, recorded]) =>
    recorded.map(({ title, over = 'http', steps }) => ({ version: file.slice(0, 3), title, over, steps })),
  );

type Known = Map<string, string>;

const filled = (value: Json, known: Known): Json => JSON.parse(JSON.stringify(value).replace(/\{(\w+)\}/g, (whole, name: string) => known.get(name) ?? whole));

const compare = (expected: Json, actual: Json, known: Known, at: string): void => {
  const marker = typeof expected === 'string' ? /^<(any|text|time|flag|keep:(\w+))>$/.exec(expected) : null;
  if (marker !== null) {
    const [, kind, keep] = marker;
    if (kind === 'any') assert.notEqual(actual, undefined, at);
    else if (kind === 'time') assert.ok(isTimestamp(actual), `${at}: ${actual}`);
    else assert.equal(typeof actual, kind === 'flag' ? 'boolean' : 'string', at);
    if (keep !== undefined) known.set(keep, actual);
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, `${at}: ${JSON.stringify(actual)}`);
    for (const [index, one] of expected.entries()) compare(one, actual[index], known, `${at}/${index}`);
  } else if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, `${at}: ${JSON.stringify(actual)}`);
    for (const [name, one] of Object.entries(expected)) compare(one, actual[name], known, `${at}/${name}`);
  } else assert.deepEqual(actual, expected, at);
};

const acquainted = (run: string): Known =>
  new Map([
    ['run', run],
    ['collection', `c-${run}`],
    ['topic', `t-${run}`],
  ]);

/** Whether `actual` is what was expected; what it is to keep is kept only then. */
const fits = (expected: Json, actual: Json, known: Known): boolean => {
  const tried: Known = new Map(known);
  try {
    compare(expected, actual, tried, '');
  } catch {
    return false;
  }
  for (const [name, text] of tried) known.set(name, text);
  return true;
};

/** Over a WebSocket: each step says something, and waits until each of the expected messages has come. */
export const replayOver = async (channel: Channel, { title, steps }: Conversation, run: string): Promise<void> => {
  const known = acquainted(run);
  let from = 0;
  for (const [index, step] of steps.entries()) {
    if (step.send !== undefined) {
      from = channel.messages.length;
      channel.send(JSON.stringify(filled(step.send, known)));
    }
    for (const expected of step.expect as Json[]) {
      const wanted = filled(expected, known);
      await channel.first(
        (message) => channel.messages.indexOf(message) >= from && fits(wanted, message, known),
        `${title}, step ${index + 1}: ${JSON.stringify(wanted)}`,
      );
    }
  }
};

export const replay = async (who: Caller, { title, steps }: Conversation, run: string): Promise<void> => {
  const known = acquainted(run);
  for (const [index, step] of steps.entries()) {
    const send = filled(step.send, known);
    const answer = await who.http(send.method, send.path, {
      ...(send.headers === undefined ? {} : { headers: send.headers }),
      ...(send.body === undefined ? {} : { body: JSON.stringify(send.body) }),
    });
    const at = `${title}, step ${index + 1}, ${send.method} ${send.path}`;
    const expected = filled(step.expect, known);
    assert.equal(answer.status, expected.statusCode, `${at}: ${answer.text.slice(0, 400)}`);
    if (expected.headers !== undefined) compare(expected.headers, answer.headers, known, `${at}: headers`);
    if (expected.body !== undefined) compare(expected.body, answer.json, known, `${at}: `);
  }
};
