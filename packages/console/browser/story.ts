// Something to look at: a small shop and some sensors, so that every page has content.
import type { Client } from '@godwit/client';
import { createClient } from '@godwit/client';
import { ORDER } from './stage.ts';

const CUSTOMERS = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Frances', 'Tony', 'Radia'];
const STATUSES = ['open', 'paid', 'shipped', 'cancelled'];

export interface Story {
  /** The secret of a key that may only follow and read orders. */
  readonly reader: string;
  close(): Promise<void>;
}

/** One more of what the sensors say. */
export const reading = (n: number) => ({ celsius: Math.round((20 + 4 * Math.sin(n / 9)) * 10) / 10, battery: 100 - (n % 40), ok: n % 17 !== 0 });

export const tell = async (url: string, admin: Client): Promise<Story> => {
  await admin.request('POST', '/collections', { data: { name: 'orders', schema: ORDER, indexes: ['status', 'total'] } });
  await admin.request('POST', '/collections', {
    data: {
      name: 'customers',
      schema: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, since: { type: 'string', format: 'date' } } },
    },
  });
  await admin.request('POST', '/collections', { data: { name: 'notes' } });
  for (const [n, name] of CUSTOMERS.entries()) await admin.create('customers', { id: name.toLowerCase(), name, since: `20${10 + n}-03-0${n + 1}` });
  for (let n = 0; n < 24; n++) {
    const lines = Array.from({ length: 1 + (n % 3) }, (_, line) => ({ sku: `GW-${100 + n + line}`, count: 1 + ((n + line) % 4) }));
    await admin.create('orders', {
      id: String(1000 + n),
      total: Math.round((12.5 + n * 7.35) * 100) / 100,
      status: STATUSES[n % 4] as string,
      customer: CUSTOMERS[n % 8] as string,
      lines,
    });
  }
  await admin.patch('orders', '1007', { status: 'shipped' });
  const key = async (name: string, owner: string, scopes: readonly string[], limits = {}): Promise<string> =>
    (await admin.request<{ readonly key: string }>('POST', '/keys', { data: { name, client: owner, scopes, limits } })).data.key;
  const reader = await key('Shop window', 'shop-window', ['read:orders', 'subscribe:orders.**', 'subscribe:sensors.**']);
  const billing = await key('Billing service', 'billing', ['read:*', 'write:orders', 'publish:mail.**', 'subscribe:**'], { operationsPerMinute: 60_000 });
  await key('Sensor gateway', 'gateway-north', ['publish:sensors.**'], { messagesPerSecond: 1000 });
  await admin.request('POST', '/subscriptions', { data: { name: 'audit', topics: ['**'], after: 'earliest' } });
  const service = createClient({ url, key: billing });
  const following = service.subscribe(['orders.**', 'payments.*'], () => {}, { name: 'invoices', after: 'earliest' });
  const window = createClient({ url, key: reader });
  const watching = window.subscribe('orders.**', () => {});
  await Promise.all([following.ready, watching.ready]);
  for (let n = 0; n < 60; n++) {
    await admin.publish(`sensors.${['hall', 'roof', 'cellar'][n % 3]}.reading`, reading(n));
    if (n % 10 === 0) await admin.publish('mail.outbox', { to: CUSTOMERS[(n / 10) % 8], subject: 'Your order is on its way', order: String(1000 + n) });
  }
  return {
    reader,
    close: async () => {
      await service.close();
      await window.close();
    },
  };
};
