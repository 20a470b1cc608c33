// Budgets (7.1.1): never more than the limit over any 60 s, however the requests come; what the headers promise is kept; strangers leave nothing behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RateLimiter } from './rate.ts';

const WINDOW_MS = 60_000;
const START = 1_795_000_000_000;

const takes = fc.array(fc.record({ after: fc.oneof(fc.nat(50), fc.nat(3000), fc.nat(40_000)), cost: fc.oneof(fc.constant(1), fc.nat(12)) }), {
  maxLength: 300,
});

test('7.1.1: in no 60 s is more taken than the limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), takes, (limit, steps) => {
      const limiter = new RateLimiter(WINDOW_MS);
      const taken: { readonly at: number; readonly cost: number }[] = [];
      let now = START;
      for (const { after, cost } of steps) {
        now += after;
        const { allowed, remaining } = limiter.take('k', cost, limit, now);
        if (allowed) taken.push({ at: now, cost });
        // Every window that ends with a request holds all that any other could.
        const inWindow = taken.filter(({ at }) => at > now - WINDOW_MS).reduce((sum, each) => sum + each.cost, 0);
        assert(inWindow <= limit, `${inWindow} of ${limit}`);
        assert(remaining >= 0 && remaining <= limit - inWindow);
      }
    }),
    { numRuns: 300 },
  );
});

test('7.1.1: whoever waits for Retry-After is let in, and not much later than need be', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), takes, (limit, steps) => {
      const limiter = new RateLimiter(WINDOW_MS);
      const taken: { readonly at: number; readonly cost: number }[] = [];
      let now = START;
      for (const { after, cost } of steps) {
        now += after;
        const { allowed, retryAfter, reset } = limiter.take('k', cost, limit, now);
        assert(reset >= 0 && reset <= 60);
        if (allowed) taken.push({ at: now, cost });
        else if (cost <= limit) {
          assert(retryAfter >= 1 && retryAfter <= 61);
          now += retryAfter * 1000;
          assert(limiter.take('k', cost, limit, now).allowed, `not after ${retryAfter} s`);
          taken.push({ at: now, cost });
          // Two seconds before it would have been too much: the second is rounded up, and a slot is a tenth of one.
          const early = now - 2000;
          const inWindow = taken.filter(({ at }) => at > early - WINDOW_MS && at <= early).reduce((sum, each) => sum + each.cost, 0);
          if (retryAfter > 2) assert(inWindow + cost > limit, 'it was kept waiting for nothing');
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('7.1.1: a refusal costs nothing, and asking takes nothing', () => {
  const limiter = new RateLimiter(WINDOW_MS);
  assert.deepEqual(limiter.take('k', 0, 3, START), { allowed: true, limit: 3, remaining: 3, reset: 0, retryAfter: 0 });
  assert.equal(limiter.take('k', 3, 3, START).remaining, 0);
  for (let asked = 0; asked < 100; asked++) assert.equal(limiter.take('k', 1, 3, START + 1000).allowed, false);
  assert.deepEqual(limiter.take('k', 0, 3, START + 1000), { allowed: true, limit: 3, remaining: 0, reset: 60, retryAfter: 0 });
  assert.equal(limiter.take('other', 3, 3, START).allowed, true, 'budgets are their own');
  assert.equal(limiter.take('k', 3, 3, START + WINDOW_MS + 200).allowed, true);
});

test('who was not heard of for a window is forgotten', () => {
  const limiter = new RateLimiter(WINDOW_MS);
  for (let stranger = 0; stranger < 10_000; stranger++) limiter.take(`s${stranger}`, 1, 100, START + stranger);
  assert.equal(limiter.size, 10_000);
  limiter.take('k', 1, 100, START + 2 * WINDOW_MS);
  limiter.take('k', 1, 100, START + 4 * WINDOW_MS);
  assert.equal(limiter.size, 1);
});
