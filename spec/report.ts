// The lines that a run prints: one a scenario, a table by clause, the closing line.
import { byClause } from './clauses.ts';
import type { Outcome } from './run.ts';

const indented = (text: string): string =>
  text
    .split('\n')
    .slice(0, 12)
    .map((line) => `       ${line}`)
    .join('\n');

export const lineOf = ({ result, title, why, ms }: Outcome): string => {
  if (result === 'ok') return `ok      ${title} (${ms} ms)`;
  if (result === 'not run') return `not run ${title}: ${why ?? ''}`;
  return `FAIL    ${title} (${ms} ms)\n${indented(why ?? '')}`;
};

export const tableOf = (outcomes: readonly Outcome[]): string => {
  const clauses = [...new Set(outcomes.map(({ clause }) => clause))].sort(byClause);
  const rows = clauses.map((clause) => {
    const count = (result: Outcome['result']): string => String(outcomes.filter((one) => one.clause === clause && one.result === result).length || '');
    return [clause, count('ok'), count('FAIL'), count('not run')];
  });
  return [['clause', 'passed', 'failed', 'not run'], ...rows]
    .map((row) => row.map((cell, index) => (index === 0 ? cell.padEnd(8) : cell.padStart(8))).join(''))
    .join('\n');
};

export const closingLine = (outcomes: readonly Outcome[]): string => {
  const count = (result: Outcome['result']): number => outcomes.filter((one) => one.result === result).length;
  return `${count('ok')} passed, ${count('FAIL')} failed, ${count('not run')} skipped`;
};
