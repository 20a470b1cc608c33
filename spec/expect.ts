// What scenarios say again and again about an answer, in one word each: it succeeds, it is refused so.
import assert from 'node:assert/strict';
import type { Answer } from './caller.ts';
import { CATALOGUE, type Code } from './catalogue.ts';
import type { Json } from './json.ts';

const shown = (answer: Answer): string => {
  const text = JSON.stringify(answer.error ?? answer.data) ?? 'no body';
  return `${answer.status} ${text.length > 500 ? `${text.slice(0, 500)}…` : text}`;
};

/** The answer is a success with this status; its data. */
export const succeeds = (answer: Answer, status: number | readonly number[] = 200, saying = ''): Json => {
  const statuses = typeof status === 'number' ? [status] : status;
  assert.ok(statuses.includes(answer.status), `${saying}${saying === '' ? '' : ': '}expected ${statuses.join(' or ')}, got ${shown(answer)}`);
  return answer.data;
};

/** The answer is one of these errors, its status the catalogue's, naming `field` where one is given; its details. */
export const refuses = (answer: Answer, codes: Code | readonly Code[], field?: string | RegExp, saying = ''): Json => {
  const list: readonly Code[] = typeof codes === 'string' ? [codes] : codes;
  const prefix = saying === '' ? '' : `${saying}: `;
  assert.ok(
    list.includes(answer.error?.code),
    `${prefix}expected ${list.map((code) => `${CATALOGUE[code].statuses[0] ?? ''} ${code}`).join(' or ')}, got ${shown(answer)}`,
  );
  if (typeof field === 'string') assert.equal(answer.error.details.field, field, `${prefix}details.field of ${shown(answer)}`);
  if (field instanceof RegExp) assert.match(String(answer.error.details.field), field, `${prefix}details.field of ${shown(answer)}`);
  return answer.error.details;
};

/** Waits for `look` to see something, a bounded time. */
export const eventually = async <T>(what: string, look: () => Promise<T | undefined> | T | undefined, timeoutMs = 10_000, everyMs = 50): Promise<T> => {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) assert.fail(`${what}: not within ${timeoutMs} ms`);
    await pause(everyMs);
  }
};

/** Where the contract speaks of time that passes, a scenario has to let it pass. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
