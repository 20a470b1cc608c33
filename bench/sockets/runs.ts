// The ways of publishing: a window that is kept full, and a clock that waits for nobody.
import type { Answer, Command } from './commands.ts';
import { dialects, resumeRequest } from './dialects.ts';
import { Template } from './frames.ts';
import { Link } from './link.ts';

type Outcome = Pick<Answer, 'units' | 'complete'> & { readonly took?: Float64Array };
type Of<Name extends Command['do']> = Extract<Command, { do: Name }>;

const SETTLE_MS = 5000;
const MOST_OPEN = 1024;
let number = 0;

/** Sends `count` frames in one write, taking the templates in turn. */
const sendMany = (link: Link, templates: readonly Template[], from: number, count: number): void => {
  let size = 0;
  for (let index = 0; index < count; index++) size += (templates[(from + index) % templates.length] as Template).size;
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (let index = 0; index < count; index++) at = (templates[(from + index) % templates.length] as Template).write(target, at, number++);
  link.socket.write(target);
};

/** Rejects when a connection fails; `body` resolves with the outcome. */
const guarded = (links: readonly Link[], body: (done: (outcome: Outcome) => void, failed: (error: Error) => void) => void): Promise<Outcome> =>
  new Promise<Outcome>((resolve, reject) => {
    for (const link of links) link.failed = reject;
    body(resolve, reject);
  }).finally(() => {
    for (const link of links) {
      link.failed = () => {};
      link.counted = () => {};
    }
  });

const begin = (links: readonly Link[]): void => {
  for (const link of links) link.count = 0;
};

/** One topic with all subscribers, or a topic for each. */
export const fanOut = async (subscribers: readonly Link[], { target, topics, inFlight, seconds }: Of<'fan-out'>): Promise<Outcome> => {
  const publisher = await Link.open(target, []);
  const dialect = dialects[target.dialect];
  const templates = topics.map((topic) => new Template(dialect.publish(topic)));
  const shared = topics.length === 1;
  const perMessage = shared ? subscribers.length : 1;
  const outcome = guarded([publisher, ...subscribers], (done, failed) => {
    begin([publisher, ...subscribers]);
    const until = performance.now() + seconds * 1000;
    /** For one topic: how many subscribers have each of the messages in flight. */
    const have = new Uint32Array(MOST_OPEN);
    let sent = 0;
    let reached = 0;
    let deliveries = 0;
    let scheduled = false;
    const finish = (complete: boolean): void => {
      clearTimeout(late);
      done({ units: deliveries, complete });
    };
    const late = setTimeout(() => finish(false), seconds * 1000 + SETTLE_MS);
    const open = (): number => sent - (dialect.confirms ? Math.min(publisher.count, reached) : reached);
    const refill = (): void => {
      scheduled = false;
      if (performance.now() < until) {
        const room = inFlight - open();
        if (room > 0) {
          sendMany(publisher, templates, sent, room);
          sent += room;
        }
      } else if (open() === 0) {
        const each = shared ? sent : undefined;
        finish(deliveries === sent * perMessage && (each === undefined || subscribers.every(({ count }) => count === each)));
      }
    };
    const schedule = (): void => {
      if (scheduled) return;
      scheduled = true;
      setImmediate(refill);
    };
    publisher.counted = schedule;
    const took = (link: Link, messages: number): void => {
      deliveries += messages;
      if (shared) {
        for (let message = link.count - messages; message < link.count; message++) have[message % MOST_OPEN] = (have[message % MOST_OPEN] as number) + 1;
        while (have[reached % MOST_OPEN] === perMessage) have[reached++ % MOST_OPEN] = 0;
        if (link.count > sent) failed(new Error('more came than was sent'));
      } else reached += messages;
      if (open() < inFlight) schedule();
    };
    for (const link of subscribers) link.counted = took;
    refill();
  });
  return outcome.finally(() => publisher.end());
};

/** Calls `tick` about every millisecond with the number that should have been sent by now, until all are. */
const pace = (perSecond: number, total: number, send: (from: number, count: number) => void): number => {
  const start = performance.now() + 10;
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - start) * perSecond) / 1000) + 1);
    if (due <= sent) return;
    send(sent, due - sent);
    sent = due;
    if (sent === total) clearInterval(timer);
  }, 1);
  return start;
};

export const paced = async (subscribers: readonly Link[], { target, topic, perSecond, seconds }: Of<'paced'>): Promise<Outcome> => {
  const publisher = await Link.open(target, []);
  const templates = [new Template(dialects[target.dialect].publish(topic))];
  const total = perSecond * seconds;
  const outcome = guarded([publisher, ...subscribers], (done) => {
    begin([publisher, ...subscribers]);
    const took = new Float64Array(total * subscribers.length);
    let deliveries = 0;
    const finish = (): void => {
      clearTimeout(late);
      done({ units: deliveries, complete: subscribers.every(({ count }) => count === total), took: took.subarray(0, deliveries).sort() });
    };
    const late = setTimeout(finish, seconds * 1000 + SETTLE_MS);
    const start = pace(perSecond, total, (from, count) => sendMany(publisher, templates, from, count));
    const counted = (link: Link, messages: number): void => {
      const now = performance.now() - start;
      for (let message = link.count - messages; message < link.count; message++) took[deliveries++] = now - (message * 1000) / perSecond;
      if (deliveries === took.length) finish();
    };
    for (const link of subscribers) link.counted = counted;
  });
  return outcome.finally(() => publisher.end());
};

/** Confirmed publishes to topics that nobody follows. */
export const publish = async ({ target, topics, connections, inFlight, seconds, perSecond }: Of<'publish'>): Promise<Outcome> => {
  const links = await Promise.all(Array.from({ length: connections }, () => Link.open(target, [])));
  const templates = topics.map((topic) => new Template(dialects[target.dialect].store(topic)));
  const outcome = guarded(links, (done) => {
    const until = performance.now() + seconds * 1000;
    const took: number[] = [];
    let confirmed = 0;
    let sent = 0;
    const finish = (): void => {
      clearTimeout(late);
      done({ units: confirmed, complete: confirmed === sent, took: Float64Array.from(took).sort() });
    };
    const late = setTimeout(finish, seconds * 1000 + SETTLE_MS);
    if (perSecond !== undefined) {
      const total = Math.floor(perSecond * seconds);
      const start = pace(perSecond, total, (from, count) => {
        // The n-th goes to connection n modulo their number, so that the order of confirmations tells which one it is.
        for (let lane = 0; lane < connections; lane++) {
          const share = Math.floor((from + count - lane - 1) / connections) - Math.floor((from - lane - 1) / connections);
          if (share > 0) sendMany(links[lane] as Link, templates, from, share);
        }
        sent += count;
      });
      for (const [lane, link] of links.entries())
        link.counted = (_link, messages) => {
          const now = performance.now() - start;
          for (let index = link.count - messages; index < link.count; index++) took.push(now - ((index * connections + lane) * 1000) / perSecond);
          confirmed += messages;
          if (confirmed === total) finish();
        };
      return;
    }
    for (const link of links) {
      /** When each of those in flight was sent, as a ring. */
      const times = new Float64Array(inFlight);
      let mine = 0;
      const refill = (room: number): void => {
        const now = performance.now();
        for (let index = 0; index < room; index++) times[(mine + index) % inFlight] = now;
        sendMany(link, templates, sent, room);
        mine += room;
        sent += room;
      };
      link.counted = (_link, messages) => {
        const now = performance.now();
        for (let index = link.count - messages; index < link.count; index++) took.push(now - (times[index % inFlight] as number));
        confirmed += messages;
        if (now < until) refill(messages);
        else if (confirmed === sent) finish();
      };
      refill(inFlight);
    }
  });
  return outcome.finally(() => {
    for (const link of links) link.end();
  });
};

/** Moves the subscription of each connection back to the same place again and again. */
export const resume = async ({ target, after, messages, connections, seconds }: Of<'resume'>): Promise<Outcome> => {
  const links = await Promise.all(Array.from({ length: connections }, () => Link.open(target, [])));
  const templates = [new Template(resumeRequest(after))];
  const outcome = guarded(links, (done) => {
    const until = performance.now() + seconds * 1000;
    let came = 0;
    let under = links.length;
    const finish = (complete: boolean): void => {
      clearTimeout(late);
      done({ units: came, complete });
    };
    const late = setTimeout(() => finish(false), seconds * 1000 + SETTLE_MS);
    for (const link of links) {
      let waitsFor = messages + 1;
      link.counted = () => {
        // The answer to the request is one of them.
        if (link.count < waitsFor) return;
        came++;
        waitsFor += messages + 1;
        if (performance.now() < until) sendMany(link, templates, 0, 1);
        else if (--under === 0) finish(links.every(({ count }) => count % (messages + 1) === 0));
      };
      sendMany(link, templates, 0, 1);
    }
  });
  return outcome.finally(() => {
    for (const link of links) link.end();
  });
};
