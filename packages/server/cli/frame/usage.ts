// A command that was not understood: one sentence, and where to read on. Ends with exit code 2 before anything was done.

/** What is wrong with the words of a command, made to be printed as it is. */
export class UsageError extends Error {
  /** The command whose help is meant; empty: of the one that was asked for. */
  readonly command: string;

  constructor(sentence: string, command = '') {
    super(sentence);
    this.name = 'UsageError';
    this.command = command;
  }
}
