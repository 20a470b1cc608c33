// What the server says of itself (3.1.3, 10.3).

export const Discovery = {
  type: 'object',
  required: ['name', 'version', 'protocolVersion', 'supportedVersions', 'limits', 'links'],
  properties: {
    name: { type: 'string' },
    version: { type: 'string' },
    protocolVersion: { type: 'string' },
    supportedVersions: { type: 'array', items: { type: 'string' } },
    limits: { type: 'object', description: 'settings in force: durations in milliseconds, sizes in bytes' },
    links: {
      type: 'object',
      required: ['openapi', 'asyncapi', 'changelog', 'ws'],
      properties: { openapi: { type: 'string' }, asyncapi: { type: 'string' }, changelog: { type: 'string' }, ws: { type: 'string' } },
    },
  },
} as const;

export const Changelog = {
  type: 'object',
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['version', 'date', 'changes'],
        properties: { version: { type: 'string' }, date: { type: 'string' }, changes: { type: 'array', items: { type: 'string' } } },
      },
    },
  },
} as const;
