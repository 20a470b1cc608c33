// The page: connects, shows the orders and every change of them, says how it stands, and edits. What it knows of the protocol is the client's.
import { createClient, etagOf, GodwitError, type State } from '@godwit/client';
import type api from '../godwit.config.ts';
import { follow } from './follow.ts';
import { type Order, renderer } from './render.ts';

const { godwit } = (await (await fetch('/settings')).json()) as { godwit: string };

/** From the backend, which knows who is signed in; asked again whenever a token is about to expire. */
const getToken = async (): Promise<string> => {
  const response = await fetch('/token', { method: 'POST', signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return ((await response.json()) as { token: string }).token;
};

const client = createClient<typeof api>({ url: godwit, getToken });
const NEXT = { open: 'paid', paid: 'packed', packed: 'sent', sent: 'open' } as const;

const page = renderer({
  create: (customer, total) => void attempt(() => client.create('orders', { customer, total, status: 'open' })),
  advance: (shown) => void attempt(() => advance(shown)),
  remove: (id) => void attempt(() => client.remove('orders', id)),
});

/** Only if nobody else was faster: what was read is what is changed. */
const advance = async ({ id, status }: Order): Promise<void> => {
  const order = await client.get('orders', id);
  if (order.status !== status) throw new Error(`It is ${order.status} already.`);
  await client.patch('orders', id, { status: NEXT[status] }, { ifMatch: etagOf(order) ?? '' });
};

const attempt = async (work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
    page.notice('');
  } catch (error) {
    page.notice(error instanceof GodwitError && error.code === 'PRECONDITION_FAILED' ? 'Somebody was faster.' : (error as Error).message);
  }
};

const show = ({ status, transport, error }: State): void => page.state(status, transport, error?.message);
client.on('state', show);
client.on('error', ({ error }) => page.notice(String(error)));
show(client.state);

const view = follow<Order>(client, 'orders', page);
view.closed.catch((error: unknown) => page.notice(String(error)));
await view.ready;
