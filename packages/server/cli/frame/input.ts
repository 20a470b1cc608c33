// What a command is given to send: JSON as a word, a file, standard input, or a line of JSON each. Refuses what the protocol would refuse as JSON, before it is sent.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { parseJson } from '@godwit/protocol';
import { CommandError } from './failure.ts';
import { UsageError } from './usage.ts';

export interface Sources {
  readonly stdin: Readable;
  readonly cwd: string;
}

const LONGEST_LINE = 64 * 1024 * 1024;

/** Reads JSON. Throws `UsageError` naming where it comes from. */
export const readJsonText = (text: string, where: string): unknown => {
  try {
    return parseJson(text, 64);
  } catch (cause) {
    const hint = where === 'The data' && !/^\s*[[{"]/.test(text) ? ` A text stands in quotes: '"hello"'.` : '';
    const { message } = cause as Error;
    const sentence = message.startsWith('The text ') ? message.replace('The text', where) : `${where} is not sound JSON: ${message}`;
    throw new UsageError(`${sentence}${hint}`);
  }
};

const textOf = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8');
};

/** The text that a word stands for: itself, the file behind an `@`, or standard input. */
export const readText = async (word: string, { stdin, cwd }: Sources): Promise<{ readonly text: string; readonly where: string }> => {
  if (word === '-') return { text: await textOf(stdin), where: 'Standard input' };
  if (word.startsWith('@')) return { text: await readFile(resolve(cwd, word.slice(1)), 'utf8'), where: `The file ${word.slice(1)}` };
  return { text: word, where: 'The data' };
};

/** The JSON value that a word stands for. */
export const readData = async (word: string, sources: Sources): Promise<unknown> => {
  const { text, where } = await readText(word, sources);
  return readJsonText(text.replace(/^\uFEFF/, ''), where);
};

/** Whether a word stands for many values, a line each. */
export const isLines = (word: string): boolean => word === '-' || /^@.*\.(?:ndjson|jsonl)$/.test(word);

/** The lines of `isLines`, as they arrive. */
export const linesOf = (word: string, { stdin, cwd }: Sources): AsyncIterable<Line> =>
  readLines(word === '-' ? stdin : createReadStream(resolve(cwd, word.slice(1))));

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Bytes up to and with this line and its end. */
  readonly end: number;
  /** Whether a line feed ends it: the last line of a file that was cut off has none. */
  readonly whole: boolean;
}

/** The lines of a stream, one after the other; memory holds one line. Empty ones are passed over. */
export async function* readLines(stream: Readable, from: { readonly number: number; readonly end: number } = { number: 0, end: 0 }): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let { number, end } = from;
  const line = (text: string, whole: boolean): Line => {
    number++;
    end += Buffer.byteLength(text) + (whole ? 1 : 0);
    return { number, text: text.replace(/\r$/, ''), end, whole };
  };
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decoder.write(chunk as Buffer);
    let start = 0;
    for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n', start)) {
      const next = line(rest.slice(start, at), true);
      start = at + 1;
      if (next.text.trim() !== '') yield next;
    }
    rest = rest.slice(start);
    if (rest.length > LONGEST_LINE) throw new CommandError(`Line ${number + 1} is longer than ${LONGEST_LINE} bytes`);
  }
  rest += decoder.end();
  if (rest.trim() !== '') yield line(rest, false);
}
