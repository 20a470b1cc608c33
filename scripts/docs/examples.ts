// The examples of the reference: what was asked of a real server and what it answered. run-examples.ts makes them, the pages show them.
import { readFileSync } from 'node:fs';

/** What an example is of: an operation, an error, or what goes over a WebSocket. */
export interface Subject {
  readonly operation?: string;
  readonly error?: string;
  readonly notice?: string;
  readonly topic?: string;
  /** Said above it, where one subject has several. */
  readonly title?: string;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Besides the credentials and the type of the body. */
  readonly headers?: Readonly<Record<string, string>>;
  /** False where it needs no credentials. */
  readonly credentials?: boolean;
  /** The body as it was sent, where there was one. */
  readonly body?: unknown;
  /** A body that is no JSON. */
  readonly text?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Those that say something of their own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
}

export interface HttpExample extends Subject {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

export interface Frame {
  readonly from: 'client' | 'server';
  readonly message: unknown;
}

export interface SocketExample extends Subject {
  readonly frames: readonly Frame[];
}

export type Example = HttpExample | SocketExample;

/** Where they are kept, below the root of the workspace. */
export const EXAMPLES_FILE = 'docs/reference/examples.json';

export const readExamples = (): readonly Example[] => JSON.parse(readFileSync(new URL(`../../${EXAMPLES_FILE}`, import.meta.url), 'utf8')) as Example[];
