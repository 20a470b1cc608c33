// A link that carries nothing, and an encoder that writes nothing, for tests of what is above them.
import type { Encoder } from '../core/feed.ts';
import type { Link } from '../session/connection.ts';

export type QuietLink = { -readonly [member in keyof Link]: Link[member] };

export const quietLink = (given: Partial<Link> = {}): QuietLink => ({
  transport: 'websocket',
  address: '',
  queued: 0,
  bytesRead: 0,
  bytesWritten: 0,
  write: () => true,
  beat: () => {},
  close: () => {},
  terminate: () => {},
  ...given,
});

export const quietEncoder: Encoder = { medium: 'test', encode: () => Buffer.alloc(0), notice: () => undefined };
