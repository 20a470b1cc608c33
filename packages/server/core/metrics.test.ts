// The exposition of metrics (12.1): the format, what counting does to it, and that labels cannot make it grow without end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMetrics } from './metrics.ts';
import { declareProcessMetrics } from './process-metrics.ts';

const HEAD = /^# (?:HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+$/;
const SAMPLE =
  /^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*")*\})? (?:-?\d[0-9.e+-]*|NaN|[+-]Inf)$/;

const assertFormat = (text: string): void => {
  assert(text.endsWith('\n'));
  for (const line of text.slice(0, -1).split('\n')) assert(HEAD.test(line) || SAMPLE.test(line), line);
};

test('counters, with and without labels', () => {
  const metrics = createMetrics();
  const plain = metrics.counter('godwit_starts_total', 'Starts.');
  const requests = metrics.counter('godwit_requests_total', 'Requests\nby "kind" \\ status.', ['method', 'status']);
  const ok = requests.labels('GET', '2xx');
  assert.equal(requests.labels('GET', '2xx'), ok);
  ok.add(1);
  ok.add(2.5);
  requests.labels('PO"ST', '\\\n').add(1);
  plain.add(0);
  assert.equal(
    metrics.render(),
    [
      '# HELP godwit_starts_total Starts.',
      '# TYPE godwit_starts_total counter',
      'godwit_starts_total 0',
      '# HELP godwit_requests_total Requests\\nby "kind" \\\\ status.',
      '# TYPE godwit_requests_total counter',
      'godwit_requests_total{method="GET",status="2xx"} 3.5',
      'godwit_requests_total{method="PO\\"ST",status="\\\\\\n"} 1',
      '',
    ].join('\n'),
  );
});

test('gauges are read at each scrape; one that fails hides no other', () => {
  const metrics = createMetrics();
  let connections = 1;
  metrics.gauge('connections', 'c', () => connections++);
  metrics.gauge('broken', 'b', () => {
    throw new Error('no');
  });
  metrics.gauge('by_kind', 'k', () => [
    [{ kind: 'ws' }, 2],
    [{ kind: 'poll' }, 3],
  ]);
  metrics.counted('commits_total', 'n', () => Number.POSITIVE_INFINITY);
  metrics.render();
  const text = metrics.render();
  assertFormat(text);
  for (const line of ['connections 2', 'broken NaN', 'by_kind{kind="ws"} 2', 'by_kind{kind="poll"} 3', '# TYPE commits_total counter', 'commits_total +Inf']) {
    assert(text.includes(`${line}\n`), line);
  }
});

test('histograms: cumulative buckets, sum and count', () => {
  const metrics = createMetrics();
  const seconds = metrics.histogram('seconds', 's', [0.1, 1], ['operation']).labels('getDocument');
  for (const value of [0.05, 0.1, 0.5, 3]) seconds.observe(value);
  const bare = metrics.histogram('bytes', 'b', [10]);
  bare.observe(11);
  assert.deepEqual(
    metrics
      .render()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
    [
      'seconds_bucket{operation="getDocument",le="0.1"} 2',
      'seconds_bucket{operation="getDocument",le="1"} 3',
      'seconds_bucket{operation="getDocument",le="+Inf"} 4',
      'seconds_sum{operation="getDocument"} 3.65',
      'seconds_count{operation="getDocument"} 4',
      'bytes_bucket{le="10"} 0',
      'bytes_bucket{le="+Inf"} 1',
      'bytes_sum 11',
      'bytes_count 1',
    ],
  );
});

test('property: buckets grow, the last is the count', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 8 }), fc.array(fc.double({ noNaN: true })), (some, values) => {
      const metrics = createMetrics();
      const buckets = [...new Set(some.map((bound) => bound + 0))].sort((a, b) => a - b);
      const histogram = metrics.histogram('h', 'h', buckets);
      for (const value of values) histogram.observe(value);
      const counts = [...metrics.render().matchAll(/^h_bucket\{le="(.+)"\} (\d+)$/gm)].map(
        (found) => [Number(found[1]?.replace('+Inf', 'Infinity')), Number(found[2])] as const,
      );
      assert.equal(counts.length, buckets.length + 1);
      for (const [bound, count] of counts) assert.equal(count, values.filter((value) => value <= bound).length);
    }),
  );
});

test('labels are bounded: what comes too late counts as other', () => {
  const metrics = createMetrics();
  const family = metrics.counter('c', 'c', ['a', 'b']);
  for (let index = 0; index < 1000; index++) family.labels(String(index), 'x').add(1);
  family.labels('5', 'x').add(1);
  metrics.gauge('g', 'g', () => Array.from({ length: 1000 }, (_, index) => [{ a: String(index) }, 1] as const));
  const lines = metrics
    .render()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(lines.length, 400);
  assert(lines.includes('c{a="5",b="x"} 2'));
  assert(lines.includes('c{a="other",b="other"} 801'));
  assert(lines.includes('g{a="other"} 801'));
});

test('mistakes of the programmer are told at once', () => {
  const metrics = createMetrics();
  metrics.counter('c', 'c');
  assert.throws(() => metrics.gauge('c', 'again', () => 1), /twice/);
  assert.throws(() => metrics.counter('1c', 'c'), /no name/);
  assert.throws(() => metrics.counter('d', 'd', ['le']), /no label name/);
  assert.throws(() => metrics.counter('d', 'd', ['a-b']), /no label name/);
  assert.throws(() => metrics.counter('e', 'e', ['a']).labels(), /labels are a/);
  assert.throws(() => metrics.histogram('f', 'f', [2, 1]), /ascend/);
});

test('property: whatever the labels hold, the format holds', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 }), fc.string({ unit: 'binary', minLength: 1 }), (values, help) => {
      const metrics = createMetrics();
      const family = metrics.counter('c', help, ['a']);
      for (const value of values) family.labels(value).add(1);
      const lines = metrics.render().slice(0, -1).split('\n');
      assert.equal(lines.length, 2 + new Set(values).size);
      for (const line of lines.slice(2)) assert.match(line, SAMPLE);
    }),
  );
});

test('the process tells what it costs', () => {
  const metrics = createMetrics();
  const end = declareProcessMetrics(metrics);
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = metrics.render();
    assertFormat(text);
    for (const name of ['resident_memory_bytes', 'uptime_seconds', 'cpu_seconds_total\\{mode="user"\\}'])
      assert.match(text, new RegExp(`^godwit_process_${name} \\d*\\.?\\d*[1-9]`, 'm'));
    for (const stat of ['p50', 'p99', 'max']) assert.match(text, new RegExp(`^godwit_event_loop_delay_seconds\\{stat="${stat}"\\} [0-9.e-]+$`, 'm'));
    if (process.platform === 'linux') assert.match(text, /^godwit_process_open_fds [1-9]\d*$/m);
  }
  end();
  assert(!metrics.render().includes('{stat='));
});
