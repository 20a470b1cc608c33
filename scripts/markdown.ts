// Markdown of the pages that are made from tables: a table of cells, each of which stays on its line.

/** Within a table a bar ends the cell, within text too little is said by nothing. */
const cell = (text: string): string => (text === '' ? '-' : text.replaceAll('|', '\\|').replaceAll('\n', ' '));

export const code = (text: string): string => `\`${text}\``;

export const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
