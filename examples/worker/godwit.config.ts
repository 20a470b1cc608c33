// What the server of the worker keeps: orders come in, shipments go out, and what could not be shipped is told of.
import { defineApi } from 'godwit';

export default {
  data: 'godwit-data', // relative to this file: each example has a store of its own
  ...defineApi({
    collections: {
      orders: {
        schema: {
          type: 'object',
          required: ['customer', 'address'],
          properties: { customer: { type: 'string' }, address: { type: 'string' } },
          additionalProperties: false,
        },
      },
      shipments: {
        schema: {
          type: 'object',
          required: ['customer', 'address', 'parcel'],
          properties: { customer: { type: 'string' }, address: { type: 'string' }, parcel: { type: 'string' } },
          additionalProperties: false,
        },
      },
    },
    topics: {
      'shipping.failed': {
        schema: {
          type: 'object',
          required: ['order', 'reason'],
          properties: { order: { type: 'string' }, reason: { type: 'string' } },
          additionalProperties: false,
        },
        summary: 'An order that somebody has to look at',
      },
    },
  }),
};
