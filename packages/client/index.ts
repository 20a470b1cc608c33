// The SDK's door.
export * from './api.ts';
export * from './errors.ts';
export type * from './types.ts';
