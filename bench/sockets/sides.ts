// Godwit and its peers, started for a scenario and stopped after it.
import { type GodwitOptions, type Served, startGodwit, startPeer } from '../harness/processes.ts';
import { type Side, startSide } from './loader.ts';
import { profiling } from './profile.ts';
import { profiled } from './settings.ts';

export const SERVER_CORE = 0;

/** Budgets that a measurement does not exhaust; everything else as it comes. */
const FLAGS = ['--messages-per-second', '1000000000', '--connections-per-client', '1000000'];

export const godwitServer = async ({ flags = [], nodeFlags = [], ...options }: GodwitOptions = {}): Promise<Served> => {
  const profile = profiled ? profiling() : undefined;
  const all = { core: SERVER_CORE, flags: [...FLAGS, ...flags], nodeFlags: [...nodeFlags, ...(profile?.nodeFlags ?? [])], ...options };
  const server = await startGodwit(all);
  if (profile === undefined) return server;
  return { ...server, stop: () => server.stop().then(profile.print) };
};

export const godwit = async (core: number, options: GodwitOptions & { readonly tls?: boolean } = {}): Promise<Side> =>
  startSide({ server: await godwitServer(options), dialect: 'godwit', core, tls: options.tls ?? false });
export const socketIo = async (core: number): Promise<Side> =>
  startSide({ server: await startPeer('Socket.IO', 'socket-io.ts', SERVER_CORE), dialect: 'socket.io', core });
/** Speaks as `ws` does. */
export const bareNode = async (core: number): Promise<Side> => startSide({ server: await startPeer('bare Node', 'bare.ts', SERVER_CORE), dialect: 'ws', core });
export const bareWs = async (core: number): Promise<Side> => startSide({ server: await startPeer('ws', 'ws.ts', SERVER_CORE), dialect: 'ws', core });

/** Starts sides one after another, lends them, and stops all of them whatever happens. */
export const withSides = async <T>(starts: readonly (() => Promise<Side>)[], use: (sides: Side[]) => Promise<T>): Promise<T> => {
  const sides: Side[] = [];
  try {
    for (const start of starts) sides.push(await start());
    return await use(sides);
  } finally {
    for (const side of sides) await side.stop().catch((error: unknown) => console.error(String(error)));
  }
};
