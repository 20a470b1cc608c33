// How the server fares: what it is now, what the last minutes were, by which settings.
import { bytes, count, duration, milliseconds, moment, rate } from '../parts/format.ts';
import { explain, Failure, Loading, Notice } from '../parts/states.tsx';
import { Chart, type Line } from './chart.tsx';
import { history, latest, trouble } from './history.ts';
import { SettingsInForce } from './settings.tsx';

interface ChartOf {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly steps?: 'whole' | 'binary';
}

const perSecond = (value: number): string => `${rate(value)}/s`;

const CHARTS: readonly ChartOf[] = [
  { title: 'Published', format: perSecond, lines: [{ name: 'messages', of: ({ publishes }) => publishes }] },
  { title: 'Delivered', format: perSecond, lines: [{ name: 'messages', of: ({ deliveries }) => deliveries }] },
  {
    title: 'Until a publish is confirmed',
    format: milliseconds,
    lines: [
      { name: 'p50', of: ({ confirmP50 }) => confirmP50 },
      { name: 'p99', of: ({ confirmP99 }) => confirmP99 },
    ],
  },
  {
    title: 'Connections',
    format: count,
    steps: 'whole',
    lines: [
      { name: 'WebSocket', of: ({ websockets }) => websockets },
      { name: 'event stream', of: ({ streams }) => streams },
      { name: 'long poll', of: ({ polls }) => polls },
    ],
  },
  {
    title: 'Event-loop delay',
    format: milliseconds,
    lines: [
      { name: 'p50', of: ({ delayP50 }) => delayP50 },
      { name: 'p99', of: ({ delayP99 }) => delayP99 },
      { name: 'max', of: ({ delayMax }) => delayMax },
    ],
  },
  { title: 'Units in a commit', format: rate, lines: [{ name: 'mean', of: ({ commitUnits }) => commitUnits }] },
  {
    title: 'Refused and failed',
    format: perSecond,
    lines: [
      { name: 'refused', of: ({ refused }) => refused },
      { name: 'rate limit', of: ({ rateLimited }) => rateLimited },
      { name: 'failed', of: ({ failed }) => failed },
    ],
  },
  { title: 'Size of the log', format: bytes, steps: 'binary', lines: [{ name: 'bytes', of: ({ logBytes }) => logBytes }] },
  { title: 'CPU', format: (value) => `${rate(value)} %`, lines: [{ name: 'of one core', of: ({ cpu }) => cpu }] },
];

const Tile = ({ name, value, more }: { readonly name: string; readonly value: string; readonly more?: string }) => (
  <div class="tile">
    <dt>{name}</dt>
    <dd>
      <strong>{value}</strong>
      {more !== undefined && <span>{more}</span>}
    </dd>
  </div>
);

export const HealthPage = () => {
  const stats = latest.value;
  const points = history.value;
  const error = trouble.value;
  if (stats === undefined) {
    return (
      <div class="page">
        <h1 class="unseen">Health</h1>
        {error === undefined ? <Loading what="the figures" /> : <Failure error={error} />}
      </div>
    );
  }
  const { log, connections, store, feed } = stats;
  return (
    <div class="page">
      <div class="page-main">
        <header class="page-head">
          <h1>Health</h1>
          <span class="muted">up for {duration(stats.uptime)}</span>
        </header>
        {error !== undefined && <Notice tone="warn">What is shown may be old: {explain(error).title.toLowerCase()}.</Notice>}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: nothing in it has the focus, and it must scroll by keys. */}
        <section class="scroll" aria-label="Figures" tabIndex={0}>
          <dl class="tiles">
            <Tile name="Log" value={count(log.messages)} more={`messages, ${bytes(log.bytes)}`} />
            <Tile
              name="Age of the log"
              value={log.oldest === null ? 'empty' : duration(Date.now() - Date.parse(log.oldest))}
              {...(log.oldest === null ? {} : { more: `since ${moment(log.oldest)}` })}
            />
            <Tile
              name="Connected"
              value={count(connections.websocket + connections.sse + connections.poll)}
              more={`${count(stats.subscriptions)} subscriptions live`}
            />
            <Tile name="Durable" value={count(stats.durableSubscriptions)} more="subscriptions" />
            <Tile
              name="Largest commit"
              value={store.largestCommit === 1 ? '1 unit' : `${count(store.largestCommit)} units`}
              more={`${count(store.commits)} commits`}
            />
            <Tile name="Left the feed" value={count(feed.droppedToLog)} more="times, to read the log" />
            <Tile name="Memory" value={bytes(stats.process.residentBytes)} more="resident" />
          </dl>
          <div class="charts">
            {CHARTS.map((chart) => (
              <Chart key={chart.title} {...chart} points={points} />
            ))}
          </div>
          <SettingsInForce />
        </section>
      </div>
    </div>
  );
};
