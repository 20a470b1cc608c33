// Schemas that the others are made of. Each is a JSON Schema (2020-12) as a value; its TypeScript type is inferred from it.
import type { XStatic } from 'typebox/schema';

export type JsonSchema = { readonly [keyword: string]: unknown };

/** The type that a schema describes. */
export type Shape<S> = XStatic<S>;

export const Any = {} as const;
export const MethodName = { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] } as const;
/** Headers of a request or response within a message or a batch. */
export const HeaderTexts = { type: 'object', additionalProperties: { type: 'string' } } as const;
export const Timestamp = { type: 'string', format: 'date-time', description: 'RFC 3339 UTC with milliseconds' } as const;
export const DocumentId = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' } as const;
export const CollectionName = { type: 'string', pattern: '^[a-z][a-z0-9_-]{0,62}$' } as const;
export const Topic = { type: 'string', maxLength: 255, pattern: '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){0,15}$' } as const;
export const CursorText = { type: 'string', minLength: 1, maxLength: 128 } as const;
export const Scopes = { type: 'array', items: { type: 'string', maxLength: 300 }, maxItems: 100 } as const;
export const ClientName = { type: 'string', pattern: '^[!-~]{1,128}$' } as const;
