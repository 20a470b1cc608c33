// The body of a request as a value: whole, within its limit before and after decompression, UTF-8, JSON (3.1.2, 7.2.2, 9.1.1).
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ProtocolError, parseJson } from '@godwit/protocol';

const gunzipAsync = promisify(gunzip);
const JSON_TYPE = /^\s*application\/json\s*(?:;|$)/i;
const NOTHING = Buffer.alloc(0);
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)"?/i;

const unsupported = (message: string, field: string): ProtocolError => new ProtocolError('UNSUPPORTED_MEDIA_TYPE', message, { field });

const tooLarge = (limit: number): ProtocolError => new ProtocolError('PAYLOAD_TOO_LARGE', undefined, { limit });

const checkType = (type: string | undefined): void => {
  if (type === undefined || type === 'application/json') return;
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase();
  if (!JSON_TYPE.test(type) || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')) {
    throw unsupported('The body must be UTF-8 JSON: `Content-Type: application/json`.', '/headers/content-type');
  }
};

const readBytes = (request: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // Most bodies are one chunk, and an error with its stack is made only where one is told.
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    let ended = false;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        ended = true;
        first = more = undefined;
        // What still comes is read and dropped, within the time of one request, so that the answer can arrive.
        request.removeAllListeners('data').resume();
        reject(tooLarge(limit));
      } else if (first === undefined) first = chunk;
      else if (more === undefined) more = [first, chunk];
      else more.push(chunk);
    });
    request.on('end', () => {
      ended = true;
      resolve(more === undefined ? (first ?? NOTHING) : Buffer.concat(more));
    });
    const cut = (): void => {
      if (!ended) reject(new ProtocolError('REQUEST_TIMEOUT'));
    };
    request.on('close', cut);
    request.on('error', cut);
  });

const decompress = async (bytes: Buffer, limit: number): Promise<Buffer> => {
  try {
    return await gunzipAsync(bytes, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new ProtocolError('MALFORMED_JSON', 'The body is not what `Content-Encoding: gzip` says.', { field: '/headers/content-encoding' });
  }
};

/** Who a body is for. What it throws refuses the body. */
export interface Reader {
  /** Nothing speaks against it but what it holds. */
  wanted(): void;
  /** It is here as it was sent: `bytes`, to be unpacked where it is `gzipped`. A promise where that is to wait. */
  arrived(bytes: number, gzipped: boolean): Promise<void> | undefined;
  /** It is `bytes` of text, to be parsed. */
  unpacked(bytes: number): void;
}

/** Reads a JSON body of at most `limit` bytes. Throws `UNSUPPORTED_MEDIA_TYPE`, `PAYLOAD_TOO_LARGE`, `MALFORMED_JSON`, `REQUEST_TIMEOUT`, and what its reader does. */
export const readJsonBody = async (request: IncomingMessage, limit: number, reader: Reader): Promise<unknown> => {
  const { headers } = request;
  checkType(headers['content-type']);
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const gzipped = encoding === 'gzip' || encoding === 'x-gzip';
  if (!gzipped && encoding !== 'identity') throw unsupported('Only gzip is taken as `Content-Encoding`.', '/headers/content-encoding');
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  reader.wanted();
  // The port opens no stream for a request whose head announces no body.
  let bytes = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined ? NOTHING : await readBytes(request, limit);
  const turn = reader.arrived(bytes.length, gzipped);
  if (turn !== undefined) await turn;
  if (gzipped) bytes = await decompress(bytes, limit);
  reader.unpacked(bytes.length);
  if (!isUtf8(bytes)) throw new ProtocolError('MALFORMED_JSON', 'The body is not UTF-8.');
  return parseJson(bytes.toString());
};
