// What the server of the order board keeps. The page takes its types from here; nothing of this file reaches the browser.
import { defineApi } from 'godwit';

const api = {
  data: 'godwit-data', // relative to this file: each example has a store of its own
  ...defineApi({
    collections: {
      orders: {
        schema: {
          type: 'object',
          required: ['customer', 'total', 'status'],
          properties: {
            customer: { type: 'string', minLength: 1, maxLength: 100 },
            total: { type: 'integer', minimum: 0, description: 'cents' },
            status: { enum: ['open', 'paid', 'packed', 'sent'] },
          },
          additionalProperties: false,
        },
      },
    },
  }),
};

export default api;
