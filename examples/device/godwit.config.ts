// What devices and the server say to each other.
import { defineApi } from 'godwit';

export default {
  data: 'godwit-data', // relative to this file: each example has a store of its own
  ...defineApi({
    topics: {
      'devices.*.reading': {
        schema: {
          type: 'object',
          required: ['n', 'at', 'celsius'],
          properties: { n: { type: 'integer', minimum: 1 }, at: { type: 'string', format: 'date-time' }, celsius: { type: 'number' } },
          additionalProperties: false,
        },
        summary: 'Numbered by the device, from 1',
      },
      'devices.*.command': {
        schema: { type: 'object', required: ['everyMs'], properties: { everyMs: { type: 'integer', minimum: 10 } }, additionalProperties: false },
        summary: 'How often it is to measure',
      },
    },
  }),
};
