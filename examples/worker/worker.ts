// A worker that ships each order once. The durable subscription brings every order, whatever was killed meanwhile, and may bring one again (6.2.6); that each takes
// effect once is the work's own business: the message's id names the request that carries it out.
import { createClient, GodwitError, type Message } from '@godwit/client';
import type api from './godwit.config.ts';

const { GODWIT_URL = 'http://localhost:7117', GODWIT_KEY = '' } = process.env;
const client = createClient<typeof api>({ url: GODWIT_URL, key: GODWIT_KEY });

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly address: string;
}

const ship = async ({ id, customer, address }: Order, messageId: string): Promise<void> => {
  // Repeated with this requestId, now or after a crash, it is answered and not carried out again (4.1.3).
  const requestId = `ship-${messageId}`;
  try {
    await client.create('shipments', { id, customer, address, parcel: `P-${id}` }, { requestId });
  } catch (error) {
    // The memory of requests has an end, a day; the shipment's id has none.
    if (!(error instanceof GodwitError && error.code === 'CONFLICT')) throw error;
  }
};

/** What can never be shipped is put aside: a message that fails for ever would hold up all that come after it. */
const putAside = (order: string, reason: string, messageId: string): Promise<unknown> =>
  client.publish('shipping.failed', { order, reason }, { requestId: `aside-${messageId}` });

const handle = async ({ data, messageId }: Message<{ readonly document: Order }>): Promise<void> => {
  const order = data.document;
  if (order.address === '') await putAside(order.id, 'There is no address.', messageId);
  else await ship(order, messageId);
  console.log(`done ${order.id}`);
  // Here it is finished, and is acknowledged with what else finishes in the next tenth of a second. What throws is handed over again, a little later.
};

const subscription = client.subscribe('orders.*.created', handle, {
  name: 'shipping',
  after: 'earliest', // where it begins when it is made; from then on the server keeps its place
  onError: (error, { topic }) => console.error(`${topic}: ${String(error)}`),
});

// Ends in order: the order in hand is finished and acknowledged, so that the next worker begins after it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void client.close());

console.log('working');
const { reason } = await subscription.closed;
console.log(`ended: ${reason}`);
// Another worker of this name took over, or somebody removed the subscription: to begin again by itself would only start a quarrel.
if (reason !== 'closed') process.exitCode = 1;
await client.close();
