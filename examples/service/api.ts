// What the service offers, declared once: documents, messages, and operations of its own. The server carries it out, and clients take their types from it.
import { defineApi, fail } from 'godwit';

export const api = defineApi({
  collections: {
    products: {
      schema: {
        type: 'object',
        required: ['name', 'stock'],
        properties: { name: { type: 'string', minLength: 1 }, stock: { type: 'integer', minimum: 0 } },
        additionalProperties: false,
      },
      indexes: ['stock'],
    },
    reservations: {
      schema: {
        type: 'object',
        required: ['product', 'amount', 'by'],
        properties: { product: { type: 'string' }, amount: { type: 'integer', minimum: 1 }, by: { type: 'string' } },
        additionalProperties: false,
      },
    },
  },
  topics: {
    'purchasing.needed': {
      schema: {
        type: 'object',
        required: ['product', 'left'],
        properties: { product: { type: 'string' }, left: { type: 'integer' } },
        additionalProperties: false,
      },
      summary: 'A product that runs out',
    },
  },
  actions: (action) => ({
    reserve: action({
      method: 'POST',
      path: '/products/:id/reserve',
      summary: 'Takes some of a product from stock',
      scope: 'write:reservations',
      data: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer', minimum: 1 } }, additionalProperties: false },
      // The stock, the reservation and the message are one transaction: all of it happens, or nothing. Of two who want the last one, one gets it.
      handler: async ({ params, data, caller, tx }) => {
        const product = await tx.get('products', params.id);
        if (product === undefined) throw fail('NOT_FOUND');
        const left = product.stock - data.amount;
        if (left < 0) throw fail('CONFLICT', `Only ${product.stock} are left.`, { left: product.stock });
        await tx.patch('products', product.id, { stock: left });
        if (left < 3) tx.publish('purchasing.needed', { product: product.id, left });
        const reservation = await tx.create('reservations', { product: product.id, amount: data.amount, by: caller.client });
        return { reservation: reservation.id, left };
      },
    }),
    inventory: action({
      method: 'GET',
      path: '/inventory/:id',
      summary: 'How many there are of a product',
      scope: 'read:products',
      handler: async ({ params, tx }) => {
        const product = await tx.get('products', params.id);
        if (product === undefined) throw fail('NOT_FOUND');
        return { name: product.name, stock: product.stock };
      },
    }),
  }),
});
