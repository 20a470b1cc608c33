// HTTP as it is: one request over node:http with nothing hidden, or bytes over a socket and whatever comes back parsed by
// hand. Judges nothing; every wait is bounded.
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';

export interface Sent {
  readonly method: string;
  /** Path and query as they go over the wire. */
  readonly path: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Uint8Array;
  /** Send the body chunked, without a Content-Length. */
  readonly chunked?: boolean;
  readonly timeoutMs?: number;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came, compressed or not. */
  readonly bytes: Buffer;
  /** The body decoded. */
  readonly text: string;
}

const DEFAULT_TIMEOUT = 40_000;
const agents = { 'http:': new HttpAgent({ keepAlive: true, maxFreeSockets: 64 }), 'https:': new HttpsAgent({ keepAlive: true, rejectUnauthorized: false }) };

export const received = (status: number, headers: IncomingHttpHeaders, bytes: Buffer): Received => {
  const gzipped = headers['content-encoding'] === 'gzip' && bytes.length > 0;
  return { status, headers, bytes, text: (gzipped ? gunzipSync(bytes) : bytes).toString('utf8') };
};

const once = (url: string, sent: Sent): Promise<Received> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, port } = new URL(url);
    const secure = protocol === 'https:';
    const headers = { ...sent.headers };
    const body = sent.body === undefined ? undefined : Buffer.from(sent.body as string);
    if (body !== undefined && sent.chunked !== true) headers['content-length'] ??= String(body.length);
    const options = { host: hostname.replace(/^\[|\]$/g, ''), port, method: sent.method, path: sent.path, headers, setHost: headers.host === undefined };
    const outgoing = secure ? httpsRequest({ ...options, agent: agents['https:'] }) : httpRequest({ ...options, agent: agents['http:'] });
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer to ${sent.method} ${sent.path} in ${sent.timeoutMs ?? DEFAULT_TIMEOUT} ms`)),
      sent.timeoutMs ?? DEFAULT_TIMEOUT,
    );
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(Object.assign(error, { reused: outgoing.reusedSocket }));
    };
    outgoing.once('error', fail);
    outgoing.once('response', (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.once('error', fail);
      incoming.once('end', () => {
        clearTimeout(timer);
        try {
          resolve(received(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(parts)));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    outgoing.end(body);
  });

/** One request and its response. A kept-alive connection that the server had closed meanwhile is no answer: it is tried again, on another. */
export const exchange = async (url: string, sent: Sent): Promise<Received> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await once(url, sent);
    } catch (error) {
      const { code, reused } = error as { code?: string; reused?: boolean };
      if (attempt === 3 || reused !== true || (code !== 'ECONNRESET' && code !== 'EPIPE')) throw error;
    }
  }
};

export const openSocket = (url: string, timeoutMs = 5_000): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = protocol === 'https:' ? connectTls({ host, port: Number(port), rejectUnauthorized: false }) : connectTcp({ host, port: Number(port) });
    const timer = setTimeout(() => socket.destroy(new Error('could not connect')), timeoutMs);
    socket.once('error', reject);
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket as Socket);
    });
  });

/** The first whole response in `bytes`, and how many bytes it took; undefined while it is not whole. `ended`: nothing more will come. */
export const parseResponse = (bytes: Buffer, ended: boolean): { readonly response: Received; readonly length: number } | undefined => {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, head).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
  const headers: IncomingHttpHeaders = {};
  for (const line of lines) headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
  const start = head + 4;
  if (status >= 100 && status < 200) return { response: received(status, headers, Buffer.alloc(0)), length: start };
  if (headers['transfer-encoding'] === 'chunked') {
    const parts: Buffer[] = [];
    for (let at = start; at < bytes.length; ) {
      const lineEnd = bytes.indexOf('\r\n', at);
      if (lineEnd === -1) return undefined;
      const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
      if (lineEnd + 2 + size + 2 > bytes.length) return undefined;
      if (size === 0) return { response: received(status, headers, Buffer.concat(parts)), length: lineEnd + 4 };
      parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
      at = lineEnd + 2 + size + 2;
    }
    return undefined;
  }
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (length === undefined && status !== 204 && status !== 304 && !ended) return undefined;
  const end = start + (length ?? (status === 204 || status === 304 ? 0 : bytes.length - start));
  return end > bytes.length ? undefined : { response: received(status, headers, bytes.subarray(start, end)), length: end };
};

/** What comes from a socket: the next whole response, or undefined where the peer closed without one or the time was over. */
export const nextResponse = (socket: Socket, timeoutMs = 10_000): Promise<Received | undefined> =>
  new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const settle = (response: Received | undefined): void => {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('close', onEnd);
      socket.off('end', onEnd);
      resolve(response);
    };
    const onData = (part: Buffer): void => {
      bytes = Buffer.concat([bytes, part]);
      const parsed = parseResponse(bytes, false);
      if (parsed === undefined) return;
      if (parsed.response.status >= 200) {
        settle(parsed.response);
        return;
      }
      bytes = bytes.subarray(parsed.length);
      onData(Buffer.alloc(0));
    };
    const onEnd = (): void => settle(parseResponse(bytes, true)?.response);
    const timer = setTimeout(onEnd, timeoutMs);
    socket.on('data', onData);
    socket.once('close', onEnd);
    socket.once('end', onEnd);
    if (socket.destroyed) onEnd();
  });

/** Bytes to a fresh socket, and the first response to them, if one came. */
export const rawExchange = async (url: string, bytes: string | Uint8Array, timeoutMs = 10_000): Promise<Received | undefined> => {
  const socket = await openSocket(url);
  try {
    const answer = nextResponse(socket, timeoutMs);
    socket.write(bytes);
    return await answer;
  } finally {
    socket.destroy();
  }
};
