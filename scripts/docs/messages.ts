// The page of messages: the envelopes of HTTP and WebSocket, the message of a topic, the server's own notices.
import { DocumentChangeData, MessageShape, NOTICES, SocketEvent, SocketPublish, SocketRequest, SocketResponse } from '@godwit/protocol';
import type { Example } from './examples.ts';
import { clauseLink, heading, type Page, two, words } from './html.ts';
import { examples, shape } from './shapes.ts';

const envelope = {
  type: 'object',
  required: ['requestId', 'data'],
  properties: {
    requestId: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description:
        'names the request; visible ASCII. A write that is repeated with it takes effect once (4.1.3). An `Idempotency-Key` header may stand in for it',
    },
    data: { description: 'what the operation asks for' },
    timestamp: { type: 'string', description: 'RFC 3339; checked where present' },
    metadata: { type: 'object', description: '`version`, the protocol version that is spoken, and `client`, a name for the logs' },
  },
} as const;

const answer = {
  type: 'object',
  required: ['requestId', 'timestamp', 'status'],
  properties: {
    requestId: { type: 'string', description: 'that of the request; made up where it had none' },
    timestamp: { type: 'string', description: 'RFC 3339 UTC with milliseconds' },
    status: { enum: ['success', 'error'] },
    data: { description: 'the result, where it succeeded' },
    error: { type: 'object', description: '`{code, message, details}`, where it did not (8.1.1)' },
  },
} as const;

export const messagesPage = (all: readonly Example[]): Page => {
  const of = (fits: (example: Example) => boolean): string => examples(all.filter(fits));
  const notices = Object.entries(NOTICES).map(([name, { clause, summary, data }]) =>
    two(
      `${heading(3, name, `<code>$sys.${name}</code>`, `$sys.${name}`)}<p>${words(summary)}. Clause ${clauseLink(clause)}.</p>${shape('<code>data</code>', data)}`,
      of((example) => example.notice === name),
    ),
  );
  const first = (operation: string): string => examples(all.filter((example) => example.operation === operation).slice(0, 1));
  return {
    path: 'messages',
    title: 'Messages',
    lead: 'What goes over the wire: the envelopes of requests and answers, the messages of topics, and what the server has to say by itself.',
    contents: [
      ['http', 'Envelopes over HTTP'],
      ['topic', 'A message of a topic'],
      ['websocket', 'Over a WebSocket'],
      ['stream', 'As an event stream'],
      ['notices', 'Notices of the server'],
    ],
    body: [
      heading(2, 'http', 'Envelopes over HTTP'),
      two(
        `<p>POST, PUT and PATCH bring one envelope (${clauseLink('4.1.1')}), and every JSON answer comes in one (${clauseLink('4.2.1')}).</p>${shape('Request', envelope, 3)}${shape('Answer', answer, 3)}`,
        first('publish'),
      ),
      heading(2, 'topic', 'A message of a topic'),
      two(
        `<p>The same over every transport, at every redelivery and to every subscriber. The cursor names the place just after it: who goes on from there misses nothing (${clauseLink('6.2.8')}).</p>${shape('Message', MessageShape, 3)}
<p>Every change of a document is one, on <code>{collection}.{id}.created</code>, <code>updated</code> or <code>deleted</code> (${clauseLink('3.2.6')}).</p>${shape('<code>data</code> of a change', DocumentChangeData, 3)}`,
        first('readMessages'),
      ),
      heading(2, 'websocket', 'Over a WebSocket'),
      `<p>Text messages <code>{messageId, type, payload, timestamp}</code> (${clauseLink('5.2.1')}), at <code>/v1/ws</code>.</p>`,
      two(
        `${heading(3, 'request', 'Request, from a client')}<p>Any operation of the table. Its <code>messageId</code> is the requestId (${clauseLink('5.2.2')}).</p>${shape('Message', SocketRequest)}
${heading(3, 'response', 'Response, from the server')}<p>In any order (${clauseLink('5.2.3')}).</p>${shape('Message', SocketResponse)}`,
        of((example) => example.topic === 'refused'),
      ),
      two(
        `${heading(3, 'event', 'Event, from the server')}<p>A message of a subscription (${clauseLink('5.2.4')}).</p>${shape('Message', SocketEvent)}`,
        of((example) => example.operation === 'createSubscription' && 'frames' in example),
      ),
      two(
        `${heading(3, 'publish', 'Event, from a client')}<p>A publish without confirmation, answered only when it is refused (${clauseLink('5.2.5')}). Here its sender follows the topic too, and so gets it back.</p>${shape('Message', SocketPublish)}`,
        of((example) => example.topic === 'publish'),
      ),
      heading(2, 'stream', 'As an event stream'),
      two(
        `<p>With <code>Accept: text/event-stream</code> the same messages come as server-sent events: the cursor is the <code>id</code>, with which a browser comes back by itself (${clauseLink('6.3.3')}). A comment at least every 15 s keeps proxies from closing it.</p>`,
        of((example) => 'response' in example && example.response.text?.includes('event: message') === true),
      ),
      heading(2, 'notices', 'Notices of the server'),
      '<p>Events on topics below <code>$sys</code>: without a subscription or a cursor of their own, never in the log, never matched by a pattern.</p>',
      ...notices,
    ].join('\n'),
  };
};
