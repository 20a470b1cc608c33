// The clause numbers of the contract, read out of its text. A numbered heading without numbered clauses below it (1, 13) is a
// clause itself. Knows no scenario and no server.
import { readFileSync } from 'node:fs';

export const CONTRACT = new URL('../docs/protocol.md', import.meta.url);

export const clausesOf = (text: string): string[] => {
  const clauses = new Set<string>();
  const headings: string[] = [];
  for (const line of text.split('\n')) {
    const heading = /^#{2,4} (\d+(?:\.\d+)*) /.exec(line)?.[1];
    if (heading !== undefined) headings.push(heading);
    const clause = /^- (\d+(?:\.\d+)+) /.exec(line)?.[1];
    if (clause !== undefined) clauses.add(clause);
  }
  for (const heading of headings) if (![...clauses, ...headings].some((other) => other.startsWith(`${heading}.`))) clauses.add(heading);
  return [...clauses].sort(byClause);
};

export const contractClauses = (): string[] => clausesOf(readFileSync(CONTRACT, 'utf8'));

/** The clause that a scenario's title begins with. */
export const clauseOf = (title: string): string | undefined => /^(\d+(?:\.\d+)*) \S/.exec(title)?.[1];

/** Whether `clause` is `section` or below it: 3.2.4 is in 3, in 3.2 and in 3.2.4, and not in 3.2.40 or 3.21. */
export const within = (clause: string, section: string): boolean => clause === section || clause.startsWith(`${section}.`);

export const byClause = (left: string, right: string): number => {
  const [a, b] = [left.split('.').map(Number), right.split('.').map(Number)];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? -1) - (b[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
};
