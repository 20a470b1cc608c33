// The load, a process of its own for each server: it keeps the subscribers and carries out one command after another, told by its parent.
import type { Answer, Command, Target } from './commands.ts';
import { Link } from './link.ts';
import { fanOut, paced, publish, resume } from './runs.ts';

interface Seat {
  readonly target: Target;
  readonly topics: readonly string[];
}

let seats: Seat[] = [];
let subscribers: Link[] = [];

/** Opens a connection for every seat, at most `parallel` at a time. */
const fill = async (wanted: readonly Seat[], parallel: number): Promise<Link[]> => {
  const links: Link[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let seat = wanted[next++]; seat !== undefined; seat = wanted[next++]) links.push(await Link.open(seat.target, seat.topics));
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return links;
};

const carryOut = async (command: Command): Promise<Pick<Answer, 'units' | 'complete'> & { readonly took?: Float64Array }> => {
  switch (command.do) {
    case 'subscribe': {
      const { target, count, topics, perLink, parallel } = command;
      const more = Array.from({ length: count }, (_, index) => ({
        target,
        topics: Array.from({ length: perLink }, (__, turn) => topics[(index * perLink + turn) % topics.length] as string),
      }));
      const links = await fill(more, parallel);
      seats = [...seats, ...more];
      subscribers = [...subscribers, ...links];
      return { units: count, complete: links.length === count };
    }
    case 'storm': {
      for (const link of subscribers) link.end();
      subscribers = await fill(seats, seats.length);
      return { units: seats.length, complete: subscribers.length === seats.length };
    }
    case 'close': {
      for (const link of subscribers) link.end();
      const units = subscribers.length;
      subscribers = [];
      seats = [];
      return { units, complete: true };
    }
    case 'fan-out':
      return fanOut(subscribers, command);
    case 'paced':
      return paced(subscribers, command);
    case 'publish':
      return publish(command);
    case 'resume':
      return resume(command);
  }
};

const answer = async (command: Command): Promise<Answer> => {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const { units, complete, took = new Float64Array() } = await carryOut(command);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return { units, complete, seconds, cpu: (user + system) / 1e6, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
};

process.on('message', (command: Command) => {
  answer(command).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
