// Batches (9.2).
import { Any, HeaderTexts, MethodName, type Shape } from './common.ts';

export const BatchOperation = {
  type: 'object',
  required: ['method', 'path'],
  properties: {
    id: { type: 'string', minLength: 1, maxLength: 128 },
    method: MethodName,
    path: { type: 'string', description: 'below /v1, with its query' },
    data: Any,
    headers: HeaderTexts,
  },
  additionalProperties: false,
} as const;
export type BatchOperation = Shape<typeof BatchOperation>;

export const BatchData = {
  type: 'object',
  required: ['operations'],
  properties: { mode: { enum: ['partial', 'atomic'], default: 'partial' }, operations: { type: 'array', minItems: 1, items: BatchOperation } },
  additionalProperties: false,
} as const;
export type BatchData = Shape<typeof BatchData>;

export const BatchResults = {
  type: 'object',
  required: ['results', 'succeeded', 'failed'],
  properties: {
    results: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'statusCode', 'status'],
        properties: {
          id: { type: ['string', 'null'] },
          statusCode: { type: 'integer' },
          status: { enum: ['success', 'error'] },
          data: Any,
          error: { type: 'object' },
          headers: HeaderTexts,
        },
      },
    },
    succeeded: { type: 'integer' },
    failed: { type: 'integer' },
  },
} as const;
