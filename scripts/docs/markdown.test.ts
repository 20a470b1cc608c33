// The renderer of our own texts: what it knows becomes markup, everything else stays text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocks, inline, table } from './markdown.ts';

const links = {
  clause: (number: string) => (number === '6.2.8' ? '#6.2.8' : undefined),
  code: (text: string) => (text === 'TIMEOUT' ? '/errors#TIMEOUT' : undefined),
  target: (href: string) => (href.startsWith('/') ? href : undefined),
};

test('text becomes markup only where it was meant to', () => {
  for (const [text, html] of [
    ['plain', 'plain'],
    ['a `b<c` & "d"', 'a <code>b&lt;c</code> &amp; &quot;d&quot;'],
    ['**all** of *it*', '<strong>all</strong> of <em>it</em>'],
    ['`orders.*`, `orders.**`, `**`', '<code>orders.*</code>, <code>orders.**</code>, <code>**</code>'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['see 6.2.8, not 1.0 nor 16.2.8', 'see <a href="#6.2.8">6.2.8</a>, not 1.0 nor 16.2.8'],
    ['`TIMEOUT` and `OTHER`', '<a href="/errors#TIMEOUT"><code>TIMEOUT</code></a> and <code>OTHER</code>'],
    ['[here](/x) and [there](y.md)', '<a href="/x">here</a> and there'],
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ] as const)
    assert.equal(inline(text, links), html);
});

test('lines belong to the item above them until a blank one', () => {
  assert.deepEqual(blocks('# A\ntext\nmore\n\n- 1.1 one\n  *(reading, 0006)* two\n- three\n\n| a | b |\n|---|---|\n| 1 | 2 |\n'), [
    { kind: 'heading', level: 1, text: 'A' },
    { kind: 'paragraph', text: 'text\nmore' },
    { kind: 'item', text: '1.1 one\n*(reading, 0006)* two' },
    { kind: 'item', text: 'three' },
    { kind: 'table', lines: ['| a | b |', '|---|---|', '| 1 | 2 |'] },
  ]);
});

test('a table; one in two halves is read down', () => {
  const plain = table(['| a | b |', '|---|---|', '| `x\\|y` | |']);
  assert.equal(
    plain,
    '<table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody><tr><td><code>x|y</code></td><td></td></tr></tbody></table>',
  );
  const halves = table(['| a | | a |', '|---|---|---|', '| 1 | | 3 |', '| 2 | | 4 |']);
  assert.deepEqual(
    [...halves.matchAll(/<td>(\d)/g)].map(([, cell]) => cell),
    ['1', '2', '3', '4'],
  );
});
