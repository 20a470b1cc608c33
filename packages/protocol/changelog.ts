// Every released version and what it changed, the source of `GET /v1/changelog` and of CHANGELOG.md (10.3).

export interface Change {
  readonly version: string;
  readonly protocolVersion: string;
  /** `2026-11-22` */
  readonly date: string;
  readonly changes: readonly string[];
}

/** The newest first. */
export const CHANGES: readonly Change[] = [
  { version: '0.1.0', protocolVersion: '1.0', date: '2026-11-22', changes: ['The first version: documents, messages, batches, keys and tokens over HTTP.'] },
];
