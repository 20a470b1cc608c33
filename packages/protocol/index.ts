// The one door of the language of Godwit: operations, shapes, errors, limits, topics, scopes and cursors. No I/O; loads in browsers and Node.
export * from './changelog.ts';
export * from './cursor.ts';
export * from './envelope.ts';
export * from './errors.ts';
export * from './json.ts';
export * from './limits.ts';
export * from './operations.ts';
export * from './scope.ts';
export * from './shapes/access.ts';
export * from './shapes/batch.ts';
export * from './shapes/common.ts';
export * from './shapes/discovery.ts';
export * from './shapes/documents.ts';
export * from './shapes/messages.ts';
export * from './topic.ts';
export * from './version.ts';
