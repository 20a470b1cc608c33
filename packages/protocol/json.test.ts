// Strict JSON (4.1.1): what is ordinary is read as the runtime reads it, what is not I-JSON is refused, and nothing hostile costs more than its size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from './errors.ts';
import { parseJson, readJson } from './json.ts';

const refused = (text: string, reason?: RegExp): void => {
  assert.throws(
    () => parseJson(text),
    (error) => error instanceof ProtocolError && error.code === 'MALFORMED_JSON' && (reason?.test(error.message) ?? true),
    text.slice(0, 80),
  );
};

const outcome = (read: () => unknown): unknown => {
  try {
    return { value: read() };
  } catch {
    return 'refused';
  }
};

/** Values are compared as they are written: the runtime's own reading cannot be the measure, see below. */
const assertReads = (text: string, value: unknown): void => {
  for (const read of [parseJson, readJson]) assert.equal(JSON.stringify(read(text)), JSON.stringify(value), text.slice(0, 200));
};

const ordinary = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 6 }).filter((value) => !JSON.stringify(value).includes('__proto__'));

test('property: ordinary JSON is read as it was meant, however it is spaced', () => {
  fc.assert(
    fc.property(ordinary, fc.constantFrom(undefined, 2, '\t'), (value, space) =>
      assertReads(JSON.stringify(value, null, space).replaceAll('\n', '\r\n'), value),
    ),
  );
});

test('property: strings that look like JSON are only strings', () => {
  const piece = fc.constantFrom('"', '\\', ':', '\\"', '":', '{"a":1}', ',', ' ', '\\\\', 'a', '\n', ']', '}');
  const tricky = fc.array(piece, { maxLength: 8 }).map((some) => some.join(''));
  fc.assert(
    fc.property(fc.dictionary(tricky, fc.oneof(tricky, fc.array(tricky))), fc.constantFrom(undefined, 1), (value, space) =>
      assertReads(JSON.stringify(value, null, space), value),
    ),
    { numRuns: 1000 },
  );
});

test('names with escapes are read as written, whatever objects the process has seen (nodejs/node#63785)', () => {
  const names = ['\\', '"', '\n', '\\n', '\nx', '\\"', '"x', 'a\\', 'a"', 'a\n', '\\u', '\u0001x', '/', '', '__proto', '😀\\', '😀"'];
  for (const first of names) {
    for (const second of names) {
      if (first === second) continue;
      const lead = `${names.indexOf(first)}-${names.indexOf(second)}`;
      for (const name of [first, second])
        assertReads(JSON.stringify({ [lead]: [], [name]: 1, [`${name}\\`]: { [name]: '\\' } }), { [lead]: [], [name]: 1, [`${name}\\`]: { [name]: '\\' } });
    }
  }
  assert.deepEqual(parseJson('{"h":[],"\\\\":0}'), { h: [], '\\': 0 });
  assert.deepEqual(parseJson('{"h":[],"\\"":0}'), { h: [], '"': 0 });
  assert.deepEqual(Object.keys(readJson('{"a\\n":1,"\\u005f_proto__":2}') as object), ['a\n', '__proto__']);
  assert.equal(Object.getPrototypeOf(readJson('{"a\\n":1,"__proto__":null}')), Object.prototype);
});

test('property: a member that is said twice is refused, and only that', () => {
  const name = fc.constantFrom('a', 'b', '"', '\\', 'a":', '\\u0061');
  interface Said {
    readonly text: string;
    readonly value: unknown;
    readonly doubled: boolean;
  }
  const said = fc.letrec<{ one: Said }>((tie) => ({
    one: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, 'a', 'a":1', null, '\\', true, -1.5e-7).map((value) => ({ text: JSON.stringify(value), value, doubled: false })),
      fc.array(tie('one'), { maxLength: 3 }).map((items) => ({
        text: `[${items.map(({ text }) => text).join(',')}]`,
        value: items.map(({ value }) => value),
        doubled: items.some(({ doubled }) => doubled),
      })),
      fc.array(fc.tuple(name, tie('one')), { maxLength: 3 }).map((members) => ({
        text: `{${members.map(([key, { text }]) => `${JSON.stringify(key)} : ${text}`).join(' , ')} }`,
        value: Object.fromEntries(members.map(([key, { value }]) => [key, value])),
        doubled: members.some(([, { doubled }]) => doubled) || new Set(members.map(([key]) => key)).size < members.length,
      })),
    ),
  })).one;
  fc.assert(
    fc.property(said, ({ text, value, doubled }) => {
      if (doubled) refused(text, /twice/);
      else assertReads(text, value);
    }),
    { numRuns: 2000 },
  );
  refused('{"a":1,"a":1}', /twice/);
  refused('{"a":1,"\\u0061":1}', /twice/);
  refused('[{"a":{"b":1,"c":2,"b":3}}]', /twice/);
  refused('{"a":{},"a":{"b":1}}', /twice/);
});

test('property: whatever the runtime refuses is refused, with an error of the catalogue', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().chain((text) => fc.nat(text.length).map((end) => text.slice(0, end))),
      ),
      (text) => {
        const theirs = outcome(() => JSON.parse(text));
        const ours = outcome(() => parseJson(text));
        if (theirs === 'refused') assert.equal(ours, 'refused');
        try {
          parseJson(text);
        } catch (error) {
          assert(error instanceof ProtocolError && error.code === 'MALFORMED_JSON');
          assert(text.length < 3 || !error.message.includes(text) || text.length < 10, 'what was sent is not repeated');
        }
      },
    ),
  );
});

test('numbers that do not fit a double', () => {
  for (const text of ['1e400', '-1e400', '[1e309]', '{"a":{"b":-1e999}}']) refused(text, /double/);
  assert.deepEqual(parseJson('[1e308, 1e-400, 9007199254740993]'), [1e308, 0, 9007199254740992]);
});

test('halves of surrogate pairs, in values and names', () => {
  for (const text of ['"\\ud800"', '["a\\udc00"]', '{"\\ud83d":1}', '{"a":["\\ude00\\ud83d"]}', '"\\uD83D\\u0041"']) refused(text, /surrogate/);
  assert.equal(parseJson('"\\ud83d\\ude00"'), '😀');
  assert.equal(parseJson('"\\\\ud800"'), '\\ud800');
});

test('nesting: 64 levels and no more, whatever it is made of', () => {
  const nest = (levels: number, open: string, close: string): string => `${open.repeat(levels)}1${close.repeat(levels)}`;
  parseJson(nest(64, '[', ']'));
  parseJson(nest(64, '{"a":', '}'));
  refused(nest(65, '[', ']'), /deeper than 64/);
  refused(nest(65, '{"a":', '}'), /deeper than 64/);
  parseJson('[[]]', 2);
  assert.throws(() => parseJson('[[[]]]', 2), /deeper than 2/);
  for (const open of ['[', '{"a":', '[{"a":']) {
    refused(open.repeat(100_000));
    refused(nest(100_000, open, open === '[' ? ']' : open === '[{"a":' ? '}]' : '}'), /deeper/);
  }
});

test('a member __proto__', () => {
  for (const text of ['{"__proto__":1}', '{"a":[{"__proto__":{}}]}', '{"\\u005f_proto__":null}']) refused(text, /__proto__/);
  assert.deepEqual(parseJson('{"constructor":1,"toString":2,"a":"__proto__"}'), { constructor: 1, toString: 2, a: '__proto__' });
});

test('what is not JSON', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '{"a"',
    '{"a":',
    '[1,',
    '[1,]',
    "{'a':1}",
    '{a:1}',
    'NaN',
    '01',
    '1.',
    '"\n"',
    '"',
    '\uFEFF{}',
    '{} {}',
    'undefined',
    '// 1\n1',
    '"\\x41"',
  ])
    refused(text, /not JSON/);
});

test('no text costs more than in proportion to its size', () => {
  const megabyte = 1_000_000;
  const hostile = [
    `["${'\\\\'.repeat(megabyte / 2)}"]`,
    `{"${'\\"'.repeat(megabyte / 2)}":1}`,
    `[${'"",'.repeat(megabyte / 3)}""]`,
    `[${'"\\\\",'.repeat(megabyte / 5)}""]`,
    `{${Array.from({ length: megabyte / 12 }, (_, index) => `"${String(index).padStart(6, '0')}":1`).join(',')}}`,
    `[${'{},'.repeat(megabyte / 3)}{}]`,
    `{"a":"${' '.repeat(megabyte)}"}`,
    `{"a"${' '.repeat(megabyte)}:1}`,
    `{"\\n":[${'"\\\\",'.repeat(megabyte / 5)}{"a":1}]}`,
    `{${Array.from({ length: megabyte / 14 }, (_, index) => `"\\n${String(index).padStart(6, '0')}":1`).join(',')}}`,
    `{"a":[${'"\\n",'.repeat(megabyte / 5)}1],"\\n":[${'[1],'.repeat(megabyte / 4)}1]}`,
  ];
  for (const text of hostile) {
    const start = process.cpuUsage();
    parseJson(text);
    const { user, system } = process.cpuUsage(start);
    // Quadratic work on a megabyte takes minutes; the margin is for slow machines.
    assert(user + system < 2_000_000, `${text.slice(0, 12)} took ${(user + system) / 1000} ms`);
  }
});
