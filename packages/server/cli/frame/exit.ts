// How a command ends, as a number for the shell.

export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** The same for people. */
export const EXIT_TEXT = 'Exit codes: 0 done, 1 refused or failed, 2 not understood, 3 the server cannot be reached, 130 interrupted.';
