// A file that is served as it is: read at the start, gzipped when first asked for that way, named by a strong ETag, answered from memory. It knows
// no path of a file system after it was read, so no request can reach another file.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ProtocolError } from '@godwit/protocol';
import { namesTag } from '../../core/etag.ts';
import { acceptsGzip } from './negotiate.ts';

export type Headers = Readonly<Record<string, string>>;

interface Form {
  readonly bytes: Buffer;
  /** Strong: the gzipped form is another sequence of bytes and has another (RFC 9110, section 8.8.1). */
  readonly etag: string;
  readonly headers: Headers;
}

/** A file in memory, as it is and gzipped where that pays. */
export interface StoredFile {
  readonly type: string;
  readonly plain: Form;
  /** Made once, off the main thread: most servers are started without anybody looking at their pages. */
  readonly gzipped: (() => Promise<Form>) | undefined;
}

const gzipAsync = promisify(gzip);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};
const COMPRESSIBLE = /^(?:text|application\/json|image\/svg)/;
/** Below it the headers outweigh what gzip saves (9.1.1). */
const WORTH_GZIP = 1024;

/** A file of these bytes; `name` says its type. */
export const storedFile = (name: string, bytes: Buffer): StoredFile => {
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
  const compressible = bytes.length >= WORTH_GZIP && COMPRESSIBLE.test(type);
  const vary: Headers = compressible ? { vary: 'Accept-Encoding' } : {};
  let zipped: Promise<Form> | undefined;
  const zip = async (): Promise<Form> => {
    return { bytes: await gzipAsync(bytes, { level: 9 }), etag: `"${hash}-gzip"`, headers: { ...vary, 'content-encoding': 'gzip' } };
  };
  return { type, plain: { bytes, etag: `"${hash}"`, headers: vary }, gzipped: compressible ? () => (zipped ??= zip()) : undefined };
};

/** Every file below a folder by its path from there (`assets/index-1a2b3c4d.js`); none where there is no such folder. */
export const storedFiles = (folder: string): ReadonlyMap<string, StoredFile> => {
  const files = new Map<string, StoredFile>();
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const name = `${below}${entry.name}`;
      if (entry.isDirectory()) walk(`${name}/`);
      else if (entry.isFile()) files.set(name, storedFile(name, readFileSync(join(folder, name))));
    }
  };
  try {
    walk('');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return files;
};

/** Throws the catalogue's 405 for what is neither GET nor HEAD (3.2.3). */
export const checkReading = (request: IncomingMessage): void => {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  throw new ProtocolError('METHOD_NOT_ALLOWED', undefined, { allow: ['GET', 'HEAD'] }, { headers: { allow: 'GET, HEAD' } });
};

/** Answers with a file: 304 where the client has it (RFC 9110, section 13.1.2), else its bytes; to HEAD without them. */
export const sendFile = async (request: IncomingMessage, response: ServerResponse, status: number, file: StoredFile, more: Headers): Promise<void> => {
  checkReading(request);
  const { gzipped, plain } = file;
  const form = gzipped !== undefined && acceptsGzip(request.headers['accept-encoding'] as string | undefined) ? await gzipped() : plain;
  const headers = { etag: form.etag, ...form.headers, ...more };
  const known = request.headers['if-none-match'];
  if (status === 200 && known !== undefined && namesTag(known, form.etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(status, { 'content-type': file.type, 'content-length': form.bytes.length, ...headers });
  response.end(request.method === 'HEAD' ? undefined : form.bytes);
};
