// As much Markdown as our own texts use, to HTML: headings, paragraphs, lists, tables, code, emphasis, links. All text is escaped first, so nothing that
// is written there becomes markup. What it does not know it leaves as text.

export const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** What the words of a text lead to; undefined: nowhere. */
export interface Links {
  /** For a number such as `6.2.8`. */
  readonly clause?: (number: string) => string | undefined;
  /** For what stands in code. */
  readonly code?: (text: string) => string | undefined;
  /** For the target of a Markdown link. */
  readonly target?: (href: string) => string | undefined;
}

const linked = (href: string | undefined, html: string): string => (href === undefined ? html : `<a href="${escaped(href)}">${html}</a>`);

const CLAUSE = /(?<![\w.])(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)(?![\w%]|\.\d)/g;

/** One line of text: code, links, strong and emphasised words. */
export const inline = (text: string, links: Links = {}): string =>
  text
    .split(/(`[^`]+`|\[[^\]]+\]\([^)\s]+\))/)
    .map((part) => {
      const code = /^`([^`]+)`$/.exec(part)?.[1];
      if (code !== undefined) return linked(links.code?.(code), `<code>${escaped(code)}</code>`);
      const [, label, href] = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part) ?? [];
      if (label !== undefined && href !== undefined) return linked(links.target === undefined ? href : links.target(href), inline(label));
      return escaped(part)
        .replace(CLAUSE, (number) => linked(links.clause?.(number), number))
        .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
        .replace(/(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])/g, '<em>$1</em>');
    })
    .join('');

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

/** A table; where a column without a name divides it, the part behind it comes below the part before it, as it is meant. */
export const table = (lines: readonly string[], links: Links = {}): string => {
  const [head = [], , ...rows] = lines.map(cells);
  const gap = head.indexOf('');
  const names = gap === -1 ? head : head.slice(0, gap);
  const bodies = gap === -1 ? [rows] : [rows.map((row) => row.slice(0, gap)), rows.map((row) => row.slice(gap + 1))];
  const body = bodies.flat().map((row) => `<tr>${row.map((cell) => `<td>${inline(cell, links)}</td>`).join('')}</tr>`);
  return `<table><thead><tr>${names.map((name) => `<th scope="col">${inline(name, links)}</th>`).join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
};

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph' | 'item'; readonly text: string }
  | { readonly kind: 'table'; readonly lines: readonly string[] };

/** A text's blocks in order. Lines that are indented go on with the item above them. */
export const blocks = (text: string): Block[] => {
  const found: Block[] = [];
  let open: { kind: 'paragraph' | 'item'; lines: string[] } | undefined;
  let rows: string[] = [];
  const end = (): void => {
    if (open !== undefined) found.push({ kind: open.kind, text: open.lines.join('\n') });
    if (rows.length > 0) found.push({ kind: 'table', lines: rows });
    open = undefined;
    rows = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const heading = /^(#{1,6}) (.+)$/.exec(line);
    if (heading !== null || line.trim() === '') end();
    if (heading !== null) found.push({ kind: 'heading', level: (heading[1] as string).length, text: heading[2] as string });
    else if (line.startsWith('|')) {
      if (rows.length === 0) end();
      rows.push(line);
    } else if (line.startsWith('- ')) {
      end();
      open = { kind: 'item', lines: [line.slice(2)] };
    } else if (line.trim() !== '') {
      open ??= { kind: 'paragraph', lines: [] };
      open.lines.push(line.trim());
    }
  }
  end();
  return found;
};
