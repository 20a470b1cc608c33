// `npm run bench -- websocket`: what messages cost over WebSockets, Godwit and its peers in turn (issue 3 tells the goals). Options: --only <scenario>[,…],
// --quick, --seconds, --rounds, --apart (the load on another core), --alone (no peers), --profile, --write.
import { option } from './harness/report.ts';
import { confirmed } from './websocket/confirmed.ts';
import { fanOut, manySubscribers, manyTopics, oneInFlight } from './websocket/fan-out.ts';
import { latency } from './websocket/latency.ts';
import { log } from './websocket/log.ts';
import { memory } from './websocket/memory.ts';
import { patterns } from './websocket/patterns.ts';
import { storm } from './websocket/storm.ts';
import { tls } from './websocket/tls.ts';

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  fanout: fanOut,
  one: oneInFlight,
  topics: manyTopics,
  publish: confirmed,
  fanout10k: manySubscribers,
  latency,
  memory,
  tls,
  storm,
  patterns,
  log,
};

const only = option('only', '');
const names = only === '' ? Object.keys(scenarios) : only.split(',');
for (const name of names) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  await scenario();
}
