// docs/protocol.md as a page: each clause with its number as anchor (`#6.2.8`), so that errors, tests and people can point at it.
import { heading, knowClauses, LINKS, type Page } from './html.ts';
import { type Block, blocks, inline, table } from './markdown.ts';

const NUMBERED = /^(\d{1,2}(?:\.\d{1,2}){0,2}) ([\s\S]+)$/;

/** The numbers of all clauses and sections in the text. */
const clausesOf = (text: string): string[] =>
  blocks(text).flatMap((block) => (block.kind === 'table' ? [] : [NUMBERED.exec(block.text)?.[1]].filter((number) => number !== undefined)));

/** The text of a clause; a reading of ours (decision 0006 and later) stands by itself. */
const clauseBody = (text: string): string =>
  text
    .split(/\n(?=\*\(reading\b)/)
    .map((part) => {
      const [, mark, rest] = /^\*\((reading, \d{4})\)\* ([\s\S]+)$/.exec(part) ?? [];
      return mark === undefined || rest === undefined
        ? `<p>${inline(part, LINKS)}</p>`
        : `<p class="reading"><span class="mark">${mark}</span> ${inline(rest, LINKS)}</p>`;
    })
    .join('');

const item = (text: string): string => {
  const [, number, rest] = NUMBERED.exec(text) ?? [];
  if (number === undefined || rest === undefined) return `<li><p>${inline(text, LINKS)}</p></li>`;
  return `<li class="numbered" id="${number}"><a class="number" href="#${number}" aria-label="Clause ${number}">${number}</a><div>${clauseBody(rest)}</div></li>`;
};

const section = (level: number, text: string): string => {
  const [, number, rest] = NUMBERED.exec(text) ?? [];
  if (number === undefined || rest === undefined) return heading(2, text.toLowerCase().replaceAll(/\W+/g, '-'), inline(text));
  return heading(level === 2 ? 2 : 3, number, `<span class="number">${number}</span> ${inline(rest)}`, `section ${number}`);
};

export const contractPage = (text: string): Page => {
  knowClauses(clausesOf(text));
  const [title, ...rest] = blocks(text);
  const html: string[] = [];
  let list: string[] = [];
  const endList = (): void => {
    if (list.length > 0) html.push(`<ul class="clauses">${list.join('')}</ul>`);
    list = [];
  };
  const render: { [Kind in Block['kind']]: (block: Extract<Block, { kind: Kind }>) => void } = {
    heading: ({ level, text: words }) => html.push(section(level, words)),
    paragraph: ({ text: words }) => html.push(`<p>${inline(words, LINKS)}</p>`),
    table: ({ lines }) => html.push(table(lines, LINKS)),
    item: ({ text: words }) => list.push(item(words)),
  };
  for (const block of rest) {
    if (block.kind !== 'item') endList();
    (render[block.kind] as (one: Block) => void)(block);
  }
  endList();
  const contents = rest.flatMap((block): [string, string][] => {
    const [, number, name] = block.kind === 'heading' && block.level === 2 ? (NUMBERED.exec(block.text) ?? []) : [];
    return number === undefined || name === undefined ? [] : [[number, `${number} ${inline(name)}`]];
  });
  return {
    path: 'contract',
    title: 'The contract',
    lead: `${title?.kind === 'heading' ? title.text.replace(/:.*$/, '') : 'The protocol'}, clause by clause. Each number is an anchor to link to.`,
    contents,
    body: `<div class="prose">${html.join('\n')}</div>`,
  };
};

/** The rows of the table of close codes in clause 5.3: code and what the client should do. */
export const closeCodeAdvice = (text: string): ReadonlyMap<string, string> => {
  const advice = new Map<string, string>();
  const rows = blocks(text).find((block) => block.kind === 'table' && /the client should/.test(block.lines[0] as string));
  if (rows?.kind !== 'table') throw new Error('docs/protocol.md has no table of close codes');
  for (const line of rows.lines.slice(2)) {
    const [codes = '', , should = ''] = line.split('|').slice(1);
    for (const [code] of codes.matchAll(/\d{4}/g)) advice.set(code, should.trim());
  }
  return advice;
};
