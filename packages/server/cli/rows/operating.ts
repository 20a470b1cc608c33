// The commands about keys, about running servers and about this command itself, as rows (see frame/row.ts).
import type { Row } from '../frame/row.ts';

const row = <const R extends Row>(one: R): R => one;

const SCOPES = 'read:C, write:C (a collection or *), publish:P, subscribe:P (a pattern), or admin; may be given several times';

export const ACCESS = [
  row({
    name: 'keys create',
    group: 'Access',
    summary: 'make an API key, shown this once',
    words: [],
    flags: {
      scope: { type: 'list', value: 'scope', describe: SCOPES },
      name: { type: 'text', value: 'name', describe: 'a name for people' },
      client: { type: 'text', value: 'client', describe: 'the client that it stands for; keys of one client share their durable subscriptions' },
      'operations-per-minute': { type: 'count', value: 'n', min: 1, describe: "its own limit; else the server's" },
      'connections-per-client': { type: 'count', value: 'n', min: 1, describe: "its own limit; else the server's" },
      'messages-per-second': { type: 'count', value: 'n', min: 1, describe: "its own limit; else the server's" },
    },
    asks: true,
    examples: [
      { line: "godwit keys create --name shop --scope 'read:*' --scope 'write:orders' --scope 'publish:orders.**'", does: 'a key for a backend' },
      { line: 'godwit keys create --scope admin --json | jq -r .key', does: 'the key alone, for a secret store' },
    ],
  }),
  row({
    name: 'keys list',
    group: 'Access',
    summary: 'the API keys, without their secrets',
    words: [],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit keys list', does: 'who may what' }],
  }),
  row({
    name: 'keys revoke',
    group: 'Access',
    summary: 'revoke keys, their tokens and their connections',
    words: [{ name: 'id', describe: 'as `godwit keys list` shows it', many: true }],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit keys revoke 019ab0c2-8d5e-7c31-9a54-2f6f0b1c7d10', does: 'at once, for good' }],
  }),
  row({
    name: 'tokens create',
    group: 'Access',
    summary: 'make a short-lived token for a browser or device',
    words: [],
    flags: {
      ttl: { type: 'duration', value: 'duration', default: 3_600_000, describe: 'how long it lives, at most 24h' },
      sub: { type: 'text', value: 'user', describe: 'who it is for; made up where none is given' },
      scope: { type: 'list', value: 'scope', describe: `narrower than the key's; all of the key's without it: ${SCOPES}` },
    },
    asks: true,
    examples: [{ line: "godwit tokens create --ttl 15m --sub ann --scope 'subscribe:orders.**'", does: 'a token to watch orders with' }],
  }),
] as const;

export const OPERATING = [
  row({
    name: 'stats',
    group: 'Operating',
    summary: 'how a server fares',
    words: [],
    flags: {
      watch: { type: 'switch', describe: 'again and again, until Ctrl-C' },
      interval: { type: 'duration', value: 'duration', default: 2000, describe: 'with --watch: how often' },
    },
    asks: true,
    examples: [
      { line: 'godwit stats', does: 'once' },
      { line: 'godwit stats --watch --interval 5s', does: 'every five seconds' },
    ],
  }),
  row({
    name: 'connections list',
    group: 'Operating',
    summary: 'who is connected',
    words: [],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit connections list', does: 'every WebSocket and event stream' }],
  }),
  row({
    name: 'connections end',
    group: 'Operating',
    summary: 'end connections; their clients come back after a while',
    words: [{ name: 'id', describe: 'as `godwit connections list` shows it', many: true }],
    flags: {},
    asks: true,
    examples: [{ line: 'godwit connections end 019ab0c2-8d5e-7c31-9a54-2f6f0b1c7d10', does: 'with close code 4101' }],
  }),
  row({
    name: 'config',
    group: 'Operating',
    summary: 'the settings in force and where each comes from',
    about: [
      'Reads what `godwit serve` would read here: godwit.config.json, .js or .ts, the environment, and flags behind --. With --server: what a running server says of itself.',
      'No secret is shown.',
    ],
    words: [{ name: 'flags', describe: 'behind --: flags of `godwit serve`', optional: true, many: true }],
    flags: {
      server: { type: 'switch', describe: 'the settings of a running server' },
      changed: { type: 'switch', describe: 'only those that are not the default' },
    },
    asks: true,
    examples: [
      { line: 'godwit config', does: 'what a server that is started here would run with' },
      { line: 'godwit config --changed -- --port 8080', does: 'what differs from the defaults' },
      { line: 'godwit config --server --url http://localhost:7117', does: 'what a running server runs with' },
    ],
  }),
  row({
    name: 'bench',
    group: 'Operating',
    summary: 'measure a running server',
    about: [
      'Publishes to topics below godwit-bench., which writes to the log: retention removes it again. With a key of scope admin it makes itself a key without limits for the time of the measurement.',
      '--publish: rate and latency of confirmed publishes. --fan-out: one stream of messages to many subscribers, from the call of publish to the handler. Both, where neither is named.',
      'Clients run in processes of their own. Where they run on the machine of the server, both share its processors, and the report says so.',
    ],
    words: [],
    flags: {
      publish: { type: 'switch', describe: 'measure publishing' },
      'fan-out': { type: 'switch', describe: 'measure delivery to many subscribers' },
      duration: { type: 'duration', value: 'duration', default: 10_000, describe: 'how long each measurement takes' },
      connections: { type: 'count', value: 'n', min: 1, max: 10_000, default: 10, describe: '--publish: WebSockets that publish' },
      'in-flight': {
        type: 'count',
        value: 'n',
        min: 1,
        max: 1000,
        default: 16,
        describe: '--publish: publishes of each connection that wait for their confirmation',
      },
      subscribers: { type: 'count', value: 'n', min: 1, max: 10_000, default: 100, describe: '--fan-out: WebSockets that subscribe' },
      rate: { type: 'count', value: 'n', min: 1, max: 100_000, default: 50, describe: '--fan-out: messages published each second' },
      size: { type: 'count', value: 'bytes', min: 64, max: 1_000_000, default: 256, describe: 'bytes of data in each message' },
      processes: { type: 'count', value: 'n', min: 1, max: 64, default: 1, describe: 'processes that the clients are spread over' },
    },
    asks: true,
    examples: [
      { line: 'godwit bench', does: 'both, ten seconds each' },
      { line: 'godwit bench --publish --connections 50 --size 1000 --duration 30s', does: 'publishing alone' },
      { line: 'godwit bench --fan-out --subscribers 1000 --rate 20 --processes 2', does: 'delivery alone' },
    ],
  }),
  row({
    name: 'spec',
    group: 'Operating',
    summary: 'run the executable specification against a server',
    about: [
      'It makes collections, keys and messages of its own there: do not point it at a server that matters. It needs a key of scope admin.',
      'Scenarios that start servers of their own run with --own, which starts this build; they are told as not run otherwise.',
    ],
    words: [],
    flags: {
      only: { type: 'text', value: 'clause', describe: 'a clause and what is below it: 3.2' },
      own: { type: 'switch', describe: 'let scenarios start servers of this build; without --url all of them do' },
      'at-once': { type: 'count', value: 'n', min: 1, max: 100, default: 8, describe: 'scenarios at once' },
    },
    asks: true,
    examples: [{ line: 'godwit spec --url http://localhost:7117 --only 6.2', does: 'the clauses on publish and subscribe' }],
  }),
] as const;

export const MOVING = [
  row({
    name: 'export',
    group: 'Moving data',
    summary: 'write collections and messages as lines of JSON',
    about: [
      'Documents come one by one as they are when they are read; messages up to the one that was the last when the export began.',
      'With --out it goes on where it was interrupted when it is run again, and the file is the same as if it had not been. The last line is {"type":"end"}: a file without it is not whole.',
    ],
    words: [],
    flags: {
      collections: { type: 'list', value: 'names', describe: 'collections to write, * for all (scope admin)' },
      messages: { type: 'list', value: 'patterns', describe: 'patterns of messages to write' },
      after: { type: 'text', value: 'cursor', default: 'earliest', describe: 'messages after this place only' },
      out: { type: 'text', value: 'file', describe: 'the file; standard output without it' },
    },
    asks: true,
    examples: [
      { line: "godwit export --collections orders,customers --messages 'shop.**' > backup.ndjson", does: 'to standard output' },
      { line: "godwit export --collections '*' --messages '**' --out backup.ndjson", does: 'everything, in a way that can be interrupted' },
    ],
  }),
  row({
    name: 'import',
    group: 'Moving data',
    summary: 'read what `godwit export` wrote',
    about: [
      'Documents keep their ids; version and times are made anew. Messages are published in their order. Messages of collections are passed over: the documents make their own.',
      'Beside the file, <file>.progress says how far it is: run it again after an interruption, and it goes on. What was confirmed and not yet noted is named by its content, so that it takes effect once within 24 hours.',
    ],
    words: [{ name: 'file', describe: 'the file, or - for standard input, which keeps no progress' }],
    flags: {
      existing: {
        type: 'text',
        value: 'what',
        choices: ['fail', 'skip', 'replace'],
        default: 'fail',
        describe: 'a document that is there already with other content: fail, skip it or replace it',
      },
      again: { type: 'switch', describe: 'import once more what was imported already' },
    },
    asks: true,
    examples: [
      { line: 'godwit import backup.ndjson', does: 'again after an interruption: the same line' },
      { line: 'godwit import backup.ndjson --existing replace', does: 'what is there gives way' },
    ],
  }),
] as const;

export const ITSELF = [
  row({
    name: 'help',
    group: 'This command',
    summary: 'say more about a command',
    words: [{ name: 'command', describe: 'its name', optional: true, many: true }],
    flags: {},
    asks: false,
    examples: [{ line: 'godwit help publish', does: 'the same as godwit publish --help' }],
  }),
  row({
    name: 'completion',
    group: 'This command',
    summary: 'a script with which the shell completes commands and flags',
    words: [{ name: 'shell', describe: 'bash or zsh' }],
    flags: {},
    asks: false,
    examples: [{ line: 'source <(godwit completion bash)', does: 'in ~/.bashrc' }],
  }),
] as const;

export const SERVING = [
  row({
    name: 'serve',
    group: 'Server',
    summary: 'start a server',
    about: ['Its flags are the settings: `godwit serve --help` lists them.'],
    words: [],
    flags: {},
    asks: false,
    raw: true,
    examples: [
      { line: 'godwit serve', does: 'on http://localhost:7117, with its store in ./godwit-data' },
      { line: 'godwit serve --port 8080 --data /var/lib/godwit', does: 'elsewhere' },
    ],
  }),
] as const;
