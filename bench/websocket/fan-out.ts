// One message to many: a topic that all subscribers follow, and 1,000 topics with a subscriber each.
import type { Command } from '../sockets/commands.ts';
import { alternate, type Side } from '../sockets/loader.ts';
import { alone, HEAD, LOAD_CORE, PLACED, rounds, rows, seconds, section } from '../sockets/settings.ts';
import { bareNode, bareWs, godwit, socketIo, withSides } from '../sockets/sides.ts';

const TOPIC = 'news.of.today';
const STARTS = [godwit, socketIo, bareWs, bareNode];
const starts = (alone ? [godwit] : STARTS).map((start) => () => start(LOAD_CORE));

export const subscribe = async (sides: readonly Side[], count: number, topics: readonly string[]): Promise<void> => {
  for (const side of sides) await side.ask({ do: 'subscribe', target: side.target, count, topics, perLink: 1, parallel: 64 });
};

const HOW = `A message is in flight until it is confirmed (Godwit: on stable storage) and every subscriber has it; the payload has 200 bytes of JSON.
k deliveries per CPU-second of the server, all its threads: median [least-most] of ${rounds} alternating rounds of ${seconds} s; the ratio is that of neighbouring rounds; ${PLACED}.`;

const windows = async (subscribers: number, all: readonly { readonly inFlight: number; readonly goal: string }[]): Promise<void> =>
  withSides(starts, async (sides) => {
    await subscribe(sides, subscribers, [TOPIC]);
    for (const { inFlight, goal } of all) {
      const command = ({ target }: Side): Command => ({ do: 'fan-out', target, topics: [TOPIC], inFlight, seconds });
      const measured = await alternate(sides, command, rounds);
      section(`fan-out to ${subscribers.toLocaleString('en')}, ${inFlight} in flight`, HOW, HEAD, rows(sides, measured, goal));
    }
  });

export const fanOut = (): Promise<void> => windows(1000, [{ inFlight: 16, goal: 'at least 10; 3,500 k, goal 5,000 k' }]);
export const oneInFlight = (): Promise<void> => windows(1000, [{ inFlight: 1, goal: 'at least 1.5' }]);
export const manySubscribers = (): Promise<void> => windows(10_000, [{ inFlight: 16, goal: 'at least 8' }]);

const TOPICS = 1000;

export const manyTopics = (): Promise<void> =>
  withSides(starts, async (sides) => {
    const topics = Array.from({ length: TOPICS }, (_, index) => `users.u${index}.inbox`);
    await subscribe(sides, TOPICS, topics);
    const measured = await alternate(sides, ({ target }) => ({ do: 'fan-out', target, topics, inFlight: 256, seconds }), rounds);
    section('1,000 topics with one subscriber each, 256 in flight', HOW, HEAD, rows(sides, measured, 'at least 2.5'));
  });
