// The commands about documents and their collections, as rows (see frame/row.ts).
import type { Row } from '../frame/row.ts';

const row = <const R extends Row>(one: R): R => one;

const DATA = { name: 'data', describe: 'JSON, @file, or - for standard input' } as const;
const COLLECTION = { name: 'collection', describe: 'its name' } as const;
const ID = { name: 'id', describe: "the document's id" } as const;
const IF_MATCH = { type: 'text', value: 'etag', describe: 'only if the document is still in this state, as its ETag names it' } as const;
const REQUEST_ID = { type: 'text', value: 'id', describe: 'names the request, so that it takes effect once; made where none is given' } as const;
const SCHEMA = { type: 'text', value: 'schema', describe: 'a JSON Schema (2020-12): JSON, @file or -' } as const;
const INDEX = {
  type: 'list',
  apart: true,
  value: 'fields',
  describe: 'fields that lists filter and sort by: status, or status,total; may be given several times',
} as const;

export const DOCUMENTS = [
  row({
    name: 'get',
    group: 'Documents',
    summary: 'read documents',
    words: [COLLECTION, { ...ID, many: true }],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit get orders 42', does: 'read a document' }],
  }),
  row({
    name: 'list',
    group: 'Documents',
    summary: 'list documents, filtered and sorted',
    about: [
      'A filter is a field, one of = != > >= < <=, and a value; or field=in:a,b for one of several. A dot reaches into a member.',
      'Where more documents follow, standard error says where to go on.',
    ],
    words: [COLLECTION],
    flags: {
      filter: { type: 'list', apart: true, value: 'filter', describe: 'only documents that fit; may be given several times' },
      sort: { type: 'text', value: 'fields', describe: 'fields with commas between, - before one for descending' },
      limit: { type: 'count', value: 'n', min: 1, default: 50, describe: 'documents at most' },
      all: { type: 'switch', describe: 'all of them' },
      after: { type: 'text', value: 'place', describe: 'where the list before ended' },
      columns: { type: 'list', value: 'fields', describe: 'the columns of the table' },
    },
    asks: true,
    examples: [
      { line: 'godwit list orders', does: 'the first 50' },
      { line: "godwit list orders --filter status=open --filter 'total>=10' --sort=-total", does: 'open ones from 10 on, the largest first' },
      { line: 'godwit list orders --all --json', does: 'every document, one on each line' },
    ],
  }),
  row({
    name: 'create',
    group: 'Documents',
    summary: 'make a document, or one for each line of standard input',
    about: ['With - each line of standard input is a document; up to 100 go in one request, each by itself.'],
    words: [COLLECTION, { name: 'data', describe: 'JSON, @file, or - for lines of JSON on standard input' }],
    flags: { id: { type: 'text', value: 'id', describe: 'the id; the server makes one where none is given' }, 'request-id': REQUEST_ID },
    asks: true,
    examples: [
      { line: `godwit create orders '{"total": 12.5, "status": "open"}' --id 42`, does: 'make a document' },
      { line: 'godwit create orders - < orders.ndjson', does: 'one for each line' },
    ],
  }),
  row({
    name: 'replace',
    group: 'Documents',
    summary: 'replace a document',
    words: [COLLECTION, ID, DATA],
    flags: { 'if-match': IF_MATCH, 'request-id': REQUEST_ID },
    asks: true,
    examples: [{ line: `godwit replace orders 42 '{"total": 10, "status": "paid"}'`, does: 'put this in its place' }],
  }),
  row({
    name: 'patch',
    group: 'Documents',
    summary: 'change members of a document',
    about: ['The data is a JSON merge patch (RFC 7396): the members to change, null to remove one.'],
    words: [COLLECTION, ID, DATA],
    flags: { 'if-match': IF_MATCH, 'request-id': REQUEST_ID },
    asks: true,
    examples: [{ line: `godwit patch orders 42 '{"status": "paid"}'`, does: 'change one member' }],
  }),
  row({
    name: 'delete',
    group: 'Documents',
    summary: 'remove documents',
    words: [COLLECTION, { ...ID, many: true }],
    flags: { 'if-match': IF_MATCH },
    asks: true,
    examples: [{ line: 'godwit delete orders 42', does: 'remove a document' }],
  }),
  row({
    name: 'batch',
    group: 'Documents',
    summary: 'carry out many operations in one request',
    about: [
      'Operations are {method, path, data?, headers?, id?}: a JSON array, {"mode", "operations"}, or a line each. Paths are below /v1. Some failed: the exit code is 1.',
    ],
    words: [{ name: 'operations', describe: 'JSON, @file, or - for standard input' }],
    flags: { atomic: { type: 'switch', describe: 'all of them in one transaction, or none' }, 'request-id': REQUEST_ID },
    asks: true,
    examples: [
      {
        line: `godwit batch --atomic '[{"method": "PATCH", "path": "/orders/42", "data": {"status": "paid"}}, {"method": "POST", "path": "/topics/mail.out/messages", "data": "42"}]'`,
        does: 'both or neither',
      },
    ],
  }),
  row({
    name: 'collections list',
    group: 'Documents',
    summary: 'the collections',
    words: [],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit collections list', does: 'all of them' }],
  }),
  row({
    name: 'collections show',
    group: 'Documents',
    summary: 'one collection with its schema',
    words: [{ name: 'name', describe: 'its name' }],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit collections show orders', does: 'its schema and indexes' }],
  }),
  row({
    name: 'collections create',
    group: 'Documents',
    summary: 'make a collection',
    words: [{ name: 'name', describe: 'a-z first, then a-z 0-9 _ -, 63 at most' }],
    flags: { schema: SCHEMA, index: INDEX },
    asks: true,
    examples: [
      { line: 'godwit collections create notes', does: 'without a schema: any object' },
      {
        line: 'godwit collections create orders --schema @orders.schema.json --index status,total',
        does: 'with a schema, and an index for lists of one status by total',
      },
    ],
  }),
  row({
    name: 'collections replace',
    group: 'Documents',
    summary: 'change the schema of a collection, for the next writes',
    about: ['What is not given stays as it is; --schema null removes the schema.'],
    words: [{ name: 'name', describe: 'its name' }],
    flags: { schema: SCHEMA, index: INDEX },
    asks: true,
    examples: [{ line: 'godwit collections replace orders --schema @orders.schema.json', does: 'the next writes keep to it' }],
  }),
  row({
    name: 'collections delete',
    group: 'Documents',
    summary: 'remove empty collections',
    words: [{ name: 'name', describe: 'its name', many: true }],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit collections delete notes', does: 'refused unless it is empty' }],
  }),
] as const;
