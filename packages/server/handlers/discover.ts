// GET /v1: what this server is, speaks and limits (3.1.3).
import { PROTOCOL_VERSION, SUPPORTED_VERSIONS } from '@godwit/protocol';
import type { Handler } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { shownSettings } from '../core/shown-settings.ts';
import { SERVER_VERSION } from '../version.ts';

export const discover = ({ settings }: Core): Handler => {
  const data = {
    name: 'godwit',
    version: SERVER_VERSION,
    protocolVersion: PROTOCOL_VERSION,
    supportedVersions: SUPPORTED_VERSIONS,
    limits: shownSettings(settings),
    links: { openapi: '/v1/openapi.json', asyncapi: '/v1/asyncapi.json', changelog: '/v1/changelog', ws: '/v1/ws' },
  };
  return () => ({ status: 200, data });
};
