// The documents that are measured with: an order, about 200 bytes as JSON, with its envelope about 300, and the schema that judges it.

export const orderSchema = {
  type: 'object',
  required: ['customer', 'status', 'items', 'total'],
  properties: {
    customer: { type: 'string', maxLength: 64 },
    status: { type: 'string', enum: ['open', 'paid', 'sent', 'done', 'lost'] },
    number: { type: 'integer', minimum: 0 },
    total: { type: 'number', minimum: 0 },
    note: { type: 'string', maxLength: 200 },
    items: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['sku', 'count'],
        properties: { sku: { type: 'string', maxLength: 32 }, count: { type: 'integer', minimum: 1 } },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
} as const;

const STATUSES = orderSchema.properties.status.enum;

export const bodyOf = (index: number): Record<string, unknown> => ({
  customer: `customer-${index % 977}`,
  status: STATUSES[index % STATUSES.length],
  number: index,
  total: (index % 10_000) / 100 + 12.5,
  note: 'Leave it with the neighbours if nobody opens the door.',
  items: [
    { sku: `sku-${index % 313}`, count: 2 },
    { sku: `sku-${index % 71}`, count: 1 },
  ],
});

/** The body of a POST, for the load process to number. */
export const orderPost = (): string => {
  const data = JSON.stringify(bodyOf(1)).replace('customer-1', 'customer-%N%');
  return `{"requestId":"%ID%","timestamp":"2026-11-22T10:00:00.000Z","data":${data}}`;
};

/** The body of a publish: a payload of 200 bytes. */
export const publishPost = (): string => {
  const data = JSON.stringify({ n: 'number-%N%', text: 'x'.repeat(200 - 30) });
  return `{"requestId":"%ID%","timestamp":"2026-11-22T10:00:00.000Z","data":${data}}`;
};
