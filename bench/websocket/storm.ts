// All clients cut at once, and all of them back at once: how long until the last one is subscribed again.
import { median } from '../harness/compare.ts';
import type { Row } from '../harness/report.ts';
import { alternate, type Round } from '../sockets/loader.ts';
import { alone, OTHER_CORE, rounds, section } from '../sockets/settings.ts';
import { bareNode, bareWs, godwit, socketIo, withSides } from '../sockets/sides.ts';
import { subscribe } from './fan-out.ts';

const CLIENTS = 5000;
const starts = (alone ? [godwit] : [godwit, socketIo, bareWs, bareNode]).map((start) => () => start(OTHER_CORE));

export const storm = (): Promise<void> =>
  withSides(starts, async (sides) => {
    await subscribe(sides, CLIENTS, ['news.of.today']);
    const measured = await alternate(sides, () => ({ do: 'storm' }), rounds);
    const body = sides.map(({ server }, index): Row => {
      const all = measured[index] as Round[];
      const times = all.map(({ seconds }) => seconds);
      return [
        server.name,
        `${median(times).toFixed(2)} [${Math.min(...times).toFixed(2)}-${Math.max(...times).toFixed(2)}]${index === 0 ? ', at most 0.6' : ''}`,
        median(all.map(({ serverCpu }) => serverCpu)).toFixed(2),
        median(all.map(({ cpu }) => cpu)).toFixed(2),
      ];
    });
    section(
      `${CLIENTS.toLocaleString('en')} clients cut at once`,
      `Seconds from the cut until the last of them has shaken hands and is subscribed, all coming back at once; ${rounds} alternating rounds after one that is thrown away: median
[least-most]; server and load on two cores.`,
      ['server', 'all back, s', 'server CPU s', 'load CPU s'],
      body,
    );
  });
