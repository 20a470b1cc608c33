// A whole server within the test's own process, on a free port and a directory of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActionDefinitions, CollectionDefinitions, TopicDefinitions } from '../application.ts';
import { createServer, type ServerOptions } from '../index.ts';
import { type HttpClient, httpClient } from './http.ts';

export const KEY = 'the-admin-key-of-a-test';

export interface TestServer {
  readonly url: string;
  /** With the admin key. */
  readonly client: HttpClient;
  /** With another key or token; empty: none. */
  as(key: string): HttpClient;
  close(): Promise<void>;
}

/** Starts a server; close it at the end. */
export const testServer = async <const C extends CollectionDefinitions, const A extends ActionDefinitions, const T extends TopicDefinitions>(
  options: ServerOptions<C, A, T> = {},
): Promise<TestServer> => {
  const data = await mkdtemp(join(tmpdir(), 'godwit-test-'));
  const server = await createServer({ data, port: 0, host: '127.0.0.1', adminKey: KEY, logger: 'silent', ...options });
  const url = `http://127.0.0.1:${server.port}`;
  const clients: HttpClient[] = [];
  const as = (key: string): HttpClient => {
    const client = httpClient(url, key);
    clients.push(client);
    return client;
  };
  const close = async (): Promise<void> => {
    for (const client of clients) client.close();
    await server.close();
    await rm(data, { recursive: true, force: true });
  };
  return { url, client: as(KEY), as, close };
};
