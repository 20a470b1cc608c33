// Bare Fastify on the same wire: routes that validate what comes (params, query, body) and serialise what goes by a schema, and do nothing else: no
// credentials, no budgets, no memory of requests, no store. The answers are those of Godwit, member for member, out of memory.
import { randomUUID } from 'node:crypto';
import { fastify } from 'fastify';
import { bodyOf, orderSchema } from '../harness/orders.ts';

const text = { type: 'string' } as const;
const name = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' } as const;
const none = { type: 'object', properties: {}, additionalProperties: false } as const;

const envelope = (data: object) => ({
  type: 'object',
  properties: { requestId: text, timestamp: text, status: text, data },
});
const sent = (data: object) => ({
  type: 'object',
  required: ['requestId', 'data'],
  properties: { requestId: { type: 'string', pattern: '^[!-~]{1,128}$' }, timestamp: { type: 'string' }, data },
});
const document = {
  type: 'object',
  properties: { id: text, version: { type: 'integer' }, createdAt: text, updatedAt: text, ...orderSchema.properties },
};
const published = { type: 'object', properties: { messageId: text, topic: text, cursor: text, timestamp: text } };

const documents = new Map<string, object>();
for (let index = 0; index < 1000; index++) {
  const now = new Date().toISOString();
  documents.set(`order-${index}`, { id: `order-${index}`, version: 1, createdAt: now, updatedAt: now, ...bodyOf(index) });
}

const success = (requestId: string, data: unknown) => ({ requestId, timestamp: new Date().toISOString(), status: 'success', data });

const app = fastify();

app.get<{ Params: { id: string } }>(
  '/v1/orders/:id',
  { schema: { params: { type: 'object', required: ['id'], properties: { id: name } }, querystring: none, response: { 200: envelope(document) } } },
  async (request, reply) => {
    const found = documents.get(request.params.id);
    if (found === undefined) return reply.code(404).send();
    return success(request.id, found);
  },
);

app.post<{ Body: { requestId: string; data: object } }>(
  '/v1/orders',
  { schema: { body: sent(orderSchema), querystring: none, response: { 201: envelope(document) } } },
  async (request, reply) => {
    const { requestId, data } = request.body;
    const now = new Date().toISOString();
    reply.code(201);
    return success(requestId, { id: randomUUID(), version: 1, createdAt: now, updatedAt: now, ...data });
  },
);

let place = 0;
app.post<{ Params: { topic: string }; Body: { requestId: string; data: unknown } }>(
  '/v1/topics/:topic/messages',
  {
    schema: {
      params: { type: 'object', required: ['topic'], properties: { topic: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,255}$' } } },
      querystring: none,
      body: sent({}),
      response: { 201: envelope(published) },
    },
  },
  async (request, reply) => {
    reply.code(201);
    return success(request.body.requestId, {
      messageId: randomUUID(),
      topic: request.params.topic,
      cursor: `${(++place).toString(36)}.0`,
      timestamp: new Date().toISOString(),
    });
  },
);

console.log(await app.listen({ port: 0, host: '127.0.0.1' }));
process.on('SIGTERM', () => process.exit());
