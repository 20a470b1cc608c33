// A client that hides nothing: one request over `node:http` with the envelope filled in, and a bare socket for what no client would send.
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  readonly data: any;
  readonly code: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly body: any;
  readonly replayed: boolean;
}

export interface AskHttp {
  readonly data?: unknown;
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body as it is, in place of an envelope. */
  readonly raw?: string | Buffer;
}

export interface HttpClient {
  ask(method: string, path: string, options?: AskHttp): Promise<HttpAnswer>;
  close(): void;
}

let made = 0;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A client of one server with one key (empty: none). Rejects where no whole answer came. */
export const httpClient = (url: string, key: string, maxSockets = 64): HttpClient => {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const { hostname, port } = new URL(url);
  const ask: HttpClient['ask'] = (method, path, { data, requestId = `r${++made}-${process.pid}`, headers = {}, raw } = {}) => {
    const body = raw ?? (['POST', 'PUT', 'PATCH'].includes(method) ? JSON.stringify({ requestId, data }) : undefined);
    const sent: Record<string, string | number> = { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...headers };
    if (body !== undefined) Object.assign(sent, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
    else if (method === 'DELETE') sent['idempotency-key'] ??= requestId;
    return new Promise((resolve, reject) => {
      const request = httpRequest({ agent, hostname, port, method, path, headers: sent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('close', () => {
          if (!response.complete) return reject(new Error('the answer broke off'));
          const text = Buffer.concat(chunks).toString();
          const answer = parsed(text) as { data?: unknown; error?: { code?: string } } | undefined;
          const received = response.headers as Record<string, string | undefined>;
          const replayed = received['x-idempotent-replay'] === 'true';
          resolve({ status: response.statusCode ?? 0, headers: received, text, data: answer?.data, code: answer?.error?.code, body: answer, replayed });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  };
  return { ask, close: () => agent.destroy() };
};

/** Sends bytes on a socket of their own and resolves with all that came until the server closed, or until `enough` says so. */
export const rawExchange = (url: string, bytes: string | Buffer, enough: (received: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (enough(received)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
