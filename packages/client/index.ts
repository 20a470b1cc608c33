// The SDK's door.
export * from './api.ts';
export { connect, createClient } from './client.ts';
export * from './cursors.ts';
export { etagOf } from './documents.ts';
export { type ClientErrorCode, GodwitError } from './errors.ts';
export type * from './types.ts';
