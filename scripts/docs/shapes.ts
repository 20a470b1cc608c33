// Shapes and examples as HTML: members with their types and rules, requests as commands to paste, conversations line by line.
import type { JsonSchema } from '@godwit/protocol';
import { membersOf, rulesOf, typeName } from '../reference.ts';
import type { Example, HttpExample, HttpRequest, SocketExample } from './examples.ts';
import { words } from './html.ts';
import { escaped } from './markdown.ts';

/** A shape under a title of that level; nothing where there is none. */
export const shape = (title: string, schema: JsonSchema | undefined, level: 3 | 4 = 4): string => {
  if (schema === undefined) return '';
  if (Array.isArray(schema.anyOf)) return (schema.anyOf as JsonSchema[]).map((one, index) => shape(index === 0 ? title : `${title}, or`, one, level)).join('');
  const members = membersOf(schema);
  if (members.length === 0) {
    const rules = rulesOf(schema);
    return `<h${level} class="shape">${title}</h${level}><p class="bare">${escaped(typeName(schema))}${rules === '' ? '' : `; ${words(rules)}`}</p>`;
  }
  const rows = members.map(
    ([name = '', type = '', required, rule = '']) =>
      `<div><dt>${words(name)} <span class="type">${escaped(type)}</span>${required === 'yes' ? ' <span class="required">required</span>' : ''}</dt>` +
      `<dd>${rule === '' ? '' : words(rule)}</dd></div>`,
  );
  return `<h${level} class="shape">${title}</h${level}><dl class="members">${rows.join('')}</dl>`;
};

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** JSON with its parts told apart by colour as well as by form. */
export const json = (value: unknown): string => {
  const text = JSON.stringify(value, null, 2);
  let html = '';
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon, word, number] = match;
    const kind = string !== undefined ? (colon === undefined ? 's' : 'k') : word === undefined ? 'n' : 'w';
    const marked = string ?? word ?? number ?? '';
    html += `${escaped(text.slice(at, match.index))}<span class="${kind}">${escaped(marked)}</span>${escaped(colon ?? '')}`;
    at = match.index + whole.length;
  }
  return html + escaped(text.slice(at));
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A request as a command to paste. */
export const curl = ({ method, path, headers = {}, credentials = true, body, text }: HttpRequest): string => {
  const hasBody = body !== undefined || text !== undefined;
  const verb = method === 'GET' || (method === 'POST' && hasBody) ? '' : ` -X ${method}`;
  const accept = headers['accept'] === 'text/event-stream' ? ' -N' : '';
  const lines = [`curl${accept}${verb}${path.includes('[') ? ' -g' : ''} ${quoted(`http://localhost:7117${path}`)}`];
  if (credentials) lines.push('-H "Authorization: Bearer $KEY"');
  if (hasBody && headers['content-type'] === undefined) lines.push("-H 'Content-Type: application/json'");
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())}: ${value}`)}`);
  if (body !== undefined) lines.push(`-d ${quoted(JSON.stringify(body, null, 2))}`);
  else if (text !== undefined) lines.push(`-d ${quoted(text)}`);
  return lines.join(' \\\n  ');
};

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  207: 'Multi-Status',
  304: 'Not Modified',
};

const block = (caption: string, html: string): string => `<figure><figcaption>${caption}</figcaption><pre><code>${html}</code></pre></figure>`;

const httpExample = ({ request, response }: HttpExample): string => {
  const headers = Object.entries(response.headers).map(([name, value]) => `<span class="h">${escaped(name)}: ${escaped(value)}</span>\n`);
  const status = `<span class="status ${response.status < 400 ? 'good' : 'bad'}">${response.status}${REASONS[response.status] === undefined ? '' : ` ${REASONS[response.status]}`}</span>`;
  const body = response.body === undefined ? escaped(response.text ?? '') : json(response.body);
  const content = `${headers.join('')}${headers.length > 0 && body !== '' ? '\n' : ''}${body}`;
  return (
    block('Request', escaped(curl(request))) + (content === '' ? `<p class="answer">Answer ${status}, without a body.</p>` : block(`Answer ${status}`, content))
  );
};

const socketExample = ({ frames }: SocketExample): string =>
  frames
    .map(({ from, message }) => block(from === 'client' ? '<span class="out">client sends</span>' : '<span class="in">server sends</span>', json(message)))
    .join('');

/** Examples one below the other. */
export const examples = (some: readonly Example[]): string =>
  some
    .map((example) => {
      const title = example.title === undefined ? '' : `<p class="title">${words(example.title)}</p>`;
      return `<div class="example">${title}${'frames' in example ? socketExample(example) : httpExample(example)}</div>`;
    })
    .join('');
