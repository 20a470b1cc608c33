// The backend of the order board: it serves the page, and makes tokens for it. It holds the key, which no page may; what the page then does it does with the server directly.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@godwit/client';
import { build } from 'vite';

export interface BackendOptions {
  /** Where this backend reaches the server, and with which key: `admin`, or the scopes below. */
  readonly godwit: string;
  readonly key: string;
  /** Where pages reach it; the same where nothing is said. */
  readonly publicGodwit?: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /** How long a token lasts, in seconds; an hour. */
  readonly ttl?: number;
}

export interface Backend {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** What a visitor of the board may do, and no more. */
const SCOPES = ['read:orders', 'write:orders', 'subscribe:orders.**'];
const TYPES: Readonly<Record<string, string>> = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css' };

/** The page, bundled: its files by their paths. */
const bundle = async (): Promise<ReadonlyMap<string, string | Uint8Array>> => {
  const built = await build({
    root: `${import.meta.dirname}/page`,
    configFile: false,
    logLevel: 'warn',
    build: { write: false, target: 'es2022', modulePreload: { polyfill: false } },
  });
  const { output } = built as { output: readonly ({ type: 'chunk'; fileName: string; code: string } | { type: 'asset'; fileName: string; source: string })[] };
  return new Map(output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]));
};

/** Stands in for your sessions: a visitor is known again by a cookie, and has one name in all tabs. */
const visitorOf = ({ headers }: IncomingMessage): string | undefined => /(?:^|; )visitor=([\w-]{36})/.exec(headers.cookie ?? '')?.[1];

/** Builds the page and serves it; resolves when it listens. */
export const startBackend = async ({ godwit, key, publicGodwit = godwit, port = 8080, ttl = 3600 }: BackendOptions): Promise<Backend> => {
  const files = await bundle();
  const client = createClient({ url: godwit, key });
  const policy = `default-src 'self'; connect-src 'self' ${publicGodwit} ${publicGodwit.replace(/^http/, 'ws')}`;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://backend').pathname;
    const send = (status: number, type: string, body: string | Uint8Array): void => void response.writeHead(status, { 'content-type': type }).end(body);
    if (request.method === 'POST' && path === '/token') {
      const visitor = visitorOf(request);
      if (visitor === undefined) return send(401, 'application/json', '{}');
      const { data } = await client.request('POST', '/tokens', { data: { ttl, sub: visitor, scopes: SCOPES } });
      return send(200, 'application/json', JSON.stringify({ token: data.token }));
    }
    if (path === '/settings') return send(200, 'application/json', JSON.stringify({ godwit: publicGodwit }));
    const file = files.get(path === '/' ? '/index.html' : path);
    if (file === undefined) return send(404, 'text/plain', 'not found');
    if (path === '/') {
      response.setHeader('content-security-policy', policy);
      if (visitorOf(request) === undefined) response.setHeader('set-cookie', `visitor=${randomUUID()}; HttpOnly; SameSite=Strict; Path=/`);
    }
    send(200, TYPES[path === '/' ? 'html' : (path.split('.').at(-1) ?? '')] ?? 'application/octet-stream', file);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(503).end());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await client.close();
    },
  };
};

if (import.meta.main) {
  const { GODWIT_URL = 'http://localhost:7117', GODWIT_KEY = '' } = process.env;
  const { url } = await startBackend({ godwit: GODWIT_URL, key: GODWIT_KEY });
  console.log(`The order board is at ${url}`);
}
