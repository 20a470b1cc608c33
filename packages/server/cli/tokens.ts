// `godwit tokens`: short-lived tokens for browsers and devices (11.2).
import type { Run } from './frame/call.ts';

export const createToken: Run<'tokens create'> = async ({ flags, output, signal, connect }) => {
  const data = {
    ttl: Math.round(flags.ttl / 1000),
    ...(flags.sub === undefined ? {} : { sub: flags.sub }),
    ...(flags.scope.length === 0 ? {} : { scopes: flags.scope }),
  };
  const client = await connect();
  const { data: made } = await client.request<{ token: string; expiresAt: string; sub: string }>('POST', '/tokens', { data, signal });
  if (output.json) return output.value(made);
  output.note(`For ${made.sub}, until ${made.expiresAt}:`);
  await output.line(made.token);
};
