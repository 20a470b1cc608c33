// The service as a program of its own: Godwit is a library in it, with the API that was declared.
import { createServer, type GodwitServer } from 'godwit';
import { api } from './api.ts';

export interface ServiceOptions {
  /** Where everything is kept. */
  readonly data: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** 16 characters or more; made at the first start, and found in `newAdminKey`, where none is given. */
  readonly adminKey?: string;
}

/** What an action throws by mistake goes to standard error: that is what a server logs where no `logger` is given. */
export const startService = (options: ServiceOptions): Promise<GodwitServer> => createServer({ ...api, ...options });

if (import.meta.main) {
  const server = await startService({ data: `${import.meta.dirname}/godwit-data`, port: 7117 });
  console.log(`The service is at ${server.url}`);
  if (server.newAdminKey !== undefined) console.log(`Admin key, shown this once: ${server.newAdminKey}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
}
