// The SDK's door.
export * from './errors.ts';
