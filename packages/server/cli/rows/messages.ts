// The commands about messages, as rows (see frame/row.ts).
import type { Row } from '../frame/row.ts';

const row = <const R extends Row>(one: R): R => one;

const AFTER = 'where to begin: a cursor, earliest, or latest';

export const MESSAGES = [
  row({
    name: 'publish',
    group: 'Messages',
    summary: 'publish a message, or one for each line of standard input',
    about: [
      'It is answered when the message is on stable storage. A request that is repeated with its --request-id publishes once.',
      'With - each line of standard input is the data of a message. They are published in the order of the lines, up to 100 in one request, the next request after the answer to the one before.',
    ],
    words: [
      { name: 'topic', describe: 'such as orders.42.paid' },
      { name: 'data', describe: 'JSON, @file, or - for lines of JSON on standard input; a text is \'"text"\', or text with --text' },
    ],
    flags: {
      'request-id': { type: 'text', value: 'id', describe: 'names the request, so that it takes effect once; made where none is given' },
      text: { type: 'switch', describe: 'take the data as text, not as JSON' },
    },
    asks: true,
    examples: [
      { line: `godwit publish orders.42.paid '{"amount": 12.5}'`, does: 'publish a message' },
      { line: 'godwit publish notes hello --text', does: 'publish a text' },
      { line: 'seq 100 | godwit publish numbers -', does: 'publish a hundred messages, in order' },
    ],
  }),
  row({
    name: 'subscribe',
    group: 'Messages',
    summary: 'print messages as they come',
    about: [
      'Each message is printed once and in order, whatever becomes of the connection: over a WebSocket, or by long-polling where one cannot be had.',
      'With --name the server keeps the place: what was printed is acknowledged, and the next run goes on there.',
      'Ctrl-C ends it when what is in hand is printed and acknowledged. With --timeout it ends with 0, or with 1 where fewer than --count have come.',
    ],
    words: [{ name: 'pattern', describe: 'orders.*, orders.** or **', many: true }],
    flags: {
      after: { type: 'text', value: 'cursor', describe: `${AFTER} (the default)` },
      name: { type: 'text', value: 'name', describe: 'make or go on with the durable subscription of this name' },
      'ack-wait': { type: 'text', value: 'duration', describe: 'durable: how long without an acknowledgement until messages come again, 30s' },
      count: { type: 'count', value: 'n', min: 1, describe: 'end after so many messages' },
      timeout: { type: 'duration', value: 'duration', describe: 'end after so long' },
      transport: { type: 'text', value: 'transport', choices: ['auto', 'websocket', 'longpoll'], default: 'auto', describe: 'auto, websocket or longpoll' },
    },
    asks: true,
    examples: [
      { line: "godwit subscribe 'orders.**'", does: 'watch from now on' },
      { line: "godwit subscribe 'orders.**' --after earliest --count 10 --json", does: 'the first ten messages that are kept, as JSON' },
      { line: "godwit subscribe 'orders.**' --name billing", does: 'go on where the last run ended' },
    ],
  }),
  row({
    name: 'poll',
    group: 'Messages',
    summary: 'read one page of messages and the cursor to go on from',
    words: [{ name: 'pattern', describe: 'orders.*, orders.** or **', many: true }],
    flags: {
      after: { type: 'text', value: 'cursor', default: 'latest', describe: AFTER },
      limit: { type: 'count', value: 'n', min: 1, max: 1000, default: 100, describe: 'messages at most' },
      wait: { type: 'duration', value: 'duration', default: 0, describe: 'how long to wait for a message, up to 60s' },
    },
    asks: true,
    examples: [
      { line: "godwit poll 'orders.**' --after earliest", does: 'the first page that is kept' },
      { line: "godwit poll 'orders.**' --wait 25s", does: 'wait for what comes next' },
    ],
  }),
  row({
    name: 'subscriptions list',
    group: 'Messages',
    summary: 'the durable subscriptions, with what is pending',
    words: [],
    flags: { client: { type: 'text', value: 'client', describe: 'with scope admin: whose' } },
    asks: true,
    examples: [{ line: 'godwit subscriptions list', does: 'yours' }],
  }),
  row({
    name: 'subscriptions show',
    group: 'Messages',
    summary: 'one durable subscription',
    words: [{ name: 'name', describe: 'its name' }],
    flags: { client: { type: 'text', value: 'client', describe: 'with scope admin: whose' } },
    asks: true,
    examples: [{ line: 'godwit subscriptions show billing', does: 'its topics, its cursor, what is pending' }],
  }),
  row({
    name: 'subscriptions create',
    group: 'Messages',
    summary: 'make a durable subscription before anyone reads it',
    words: [
      { name: 'name', describe: '1 to 64 of A-Z a-z 0-9 _ -' },
      { name: 'pattern', describe: 'orders.*, orders.** or **', many: true },
    ],
    flags: {
      after: { type: 'text', value: 'cursor', describe: `${AFTER} (the default)` },
      'ack-wait': { type: 'text', value: 'duration', describe: 'how long without an acknowledgement until messages come again, 30s' },
    },
    asks: true,
    examples: [{ line: "godwit subscriptions create billing 'orders.**' --after earliest", does: 'from the first message that is kept' }],
  }),
  row({
    name: 'subscriptions delete',
    group: 'Messages',
    summary: 'end durable subscriptions for good',
    words: [{ name: 'name', describe: 'its name', many: true }],
    flags: { client: { type: 'text', value: 'client', describe: 'with scope admin: whose' } },
    asks: true,
    examples: [{ line: 'godwit subscriptions delete billing', does: 'its place is forgotten' }],
  }),
] as const;
