// The version of the protocol and what a client may ask for (clause 10).
import { ProtocolError } from './errors.ts';

export const PROTOCOL_VERSION = '1.0';
export const SUPPORTED_VERSIONS: readonly string[] = ['1.0'];

const VERSION = /^(\d{1,9})\.(\d{1,9})$/;

/** Whether `version` is one this server serves: its major is ours; a higher minor is served (10.1). */
export const isServedVersion = (version: string): boolean => VERSION.exec(version)?.[1] === '1';

/** Throws `UNSUPPORTED_VERSION` unless the version asked for is served (10.1). */
export const checkVersion = (version: string, field: string): void => {
  if (!isServedVersion(version)) throw new ProtocolError('UNSUPPORTED_VERSION', undefined, { field, supported: SUPPORTED_VERSIONS });
};
