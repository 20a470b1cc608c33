// What a command is handed: its words and flags, typed by its row, and the few things of the world that it may use. A command returns its exit code, 0 where it
// returns nothing, and throws what failed.
import type { Readable } from 'node:stream';
import type { Client, ClientOptions } from '@godwit/client';
import type { CommandName, FlagsOf, WordsOf } from '../table.ts';
import type { Limited, Whom } from './connection.ts';
import type { Output } from './output.ts';

export interface Call<N extends CommandName> {
  readonly words: WordsOf<N>;
  readonly flags: FlagsOf<N>;
  readonly output: Output;
  readonly stdin: Readable;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted at Ctrl-C, with `Interrupted`, and where the server cannot be reached at all; requests carry it. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Where the server is and who asks. */
  whom(): Promise<Whom>;
  /** The client; closed when the command has ended. `limited` hears of each wait for a limit of the key. */
  connect(options?: Partial<ClientOptions>, limited?: Limited): Promise<Client>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a command that has nothing to say says nothing.
export type Run<N extends CommandName> = (call: Call<N>) => Promise<number | void>;

/** Ctrl-C, or SIGTERM. */
export class Interrupted extends Error {
  constructor() {
    super('Interrupted.');
    this.name = 'Interrupted';
  }
}
