// The server's pages for people: the console at /console, the reference at /docs, and / on the way to them. Outside /v1, asked for without
// credentials and without a budget, because nothing in them is secret: what the console shows it asks of /v1 with a key of its user's.
// Which files there are is settled at the start; a path that names none of them is no path.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { checkReading, type Headers, type StoredFile, sendFile, storedFile, storedFiles } from './stored-file.ts';

/** A place outside /v1. */
export interface Place {
  /** For metrics: one of few, whatever the path was. */
  readonly name: string;
  answer(request: IncomingMessage, response: ServerResponse): void | Promise<void>;
}

/** Finds a place by its path; undefined where there is none. */
export type FindPlace = (path: string) => Place | undefined;

export interface PageFolders {
  readonly console: string;
  readonly docs: string;
}

/** Where the build puts them: below `dist`, which is published. */
export const builtFolders = (): PageFolders => {
  const dist = import.meta.url.endsWith('.ts') ? '../../dist/' : '../../';
  const folder = (name: string): string => fileURLToPath(new URL(`${dist}${name}/`, import.meta.url));
  return { console: folder('console'), docs: folder('docs') };
};

const COMMON: Headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
const NEVER_FRAMED = "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** 'self' takes in the WebSocket of this origin (CSP 3, section 6.7.2.8), and no other. */
const CONSOLE_POLICY = `default-src 'self'; ${NEVER_FRAMED}`;
/** The reference runs nothing and asks for nothing but its style. */
const DOCS_POLICY = `default-src 'none'; style-src 'self'; img-src 'self'; ${NEVER_FRAMED}`;

/** Vite puts the hash of a file's content into the name of all that lies in `assets`: another content is another name. */
const HASHED = /^assets\/.*-[A-Za-z0-9_-]{8}\.\w+$/;
const cached = (name: string): string => (HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache');

const unbuilt = (what: string): StoredFile =>
  storedFile(
    'unbuilt.html',
    Buffer.from(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Not built</title>` +
        `<h1>${what} is not built</h1><p>This server works, but its pages are not here: run <code>npm run build</code> in its workspace and start it again.</p></html>`,
    ),
  );

const place = (name: string, status: number, file: StoredFile, headers: Headers): Place => ({
  name,
  answer: (request, response) => sendFile(request, response, status, file, headers),
});

const redirect = (name: string, status: number, location: string): Place => ({
  name,
  answer: (request, response) => {
    checkReading(request);
    response.writeHead(status, { ...COMMON, location, 'content-length': 0, 'cache-control': 'no-cache' }).end();
  },
});

const consolePlaces = (folder: string): FindPlace => {
  const policy = { ...COMMON, 'content-security-policy': CONSOLE_POLICY };
  const files = storedFiles(folder);
  const index = files.get('index.html');
  const home =
    index === undefined
      ? place('/console', 404, unbuilt('The console'), { ...policy, 'cache-control': 'no-store' })
      : place('/console', 200, index, { ...policy, 'cache-control': 'no-cache' });
  const places = new Map<string, Place>();
  for (const [name, file] of files) places.set(`/console/${name}`, place('/console', 200, file, { ...policy, 'cache-control': cached(name) }));
  return (path) => {
    if (path === '/console') return home;
    if (!path.startsWith('/console/')) return undefined;
    // A path with an extension names a file; any other is the application's own, which reads it in the browser.
    return places.get(path) ?? (path.includes('.', path.lastIndexOf('/')) ? undefined : home);
  };
};

const docsPlaces = (folder: string): FindPlace => {
  const headers = { ...COMMON, 'content-security-policy': DOCS_POLICY, 'cache-control': 'no-cache' };
  const files = storedFiles(folder);
  const places = new Map<string, Place>([['/docs/', redirect('/docs', 301, '/docs')]]);
  if (files.size === 0) places.set('/docs', place('/docs', 404, unbuilt('The reference'), headers));
  for (const [name, file] of files) places.set(`/docs/${name}`.replace(/(?:\/index)?\.html$/, ''), place('/docs', 200, file, headers));
  return (path) => places.get(path);
};

/** Reads the files into memory; the places for people by their paths. */
export const peoplePlaces = (folders: PageFolders = builtFolders()): FindPlace => {
  const inConsole = consolePlaces(folders.console);
  const inDocs = docsPlaces(folders.docs);
  const root = redirect('/', 302, '/console');
  return (path) => (path === '/' ? root : (inConsole(path) ?? inDocs(path)));
};
