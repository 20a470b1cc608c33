// A client of the service, typed by its declaration alone: nothing is generated, and nothing of the server is loaded.
import { createClient, GodwitError } from '@godwit/client';
import type { api } from './api.ts';

export type Shop = ReturnType<typeof openShop>;

/** What the shop does with the service, in its own words. */
export const openShop = (url: string, key: string) => {
  const client = createClient<typeof api>({ url, key });
  return {
    client,
    stock: (id: string, name: string, stock: number) => client.create('products', { id, name, stock }),
    /** How many are left; undefined where there are not enough. `order` names the attempt: repeated, it reserves once. */
    async reserve(id: string, amount: number, order: string): Promise<number | undefined> {
      try {
        const { left } = await client.call('POST /products/:id/reserve', { params: { id }, data: { amount }, requestId: `reserve-${order}` });
        return left;
      } catch (error) {
        if (error instanceof GodwitError && error.code === 'CONFLICT') return undefined;
        throw error;
      }
    },
    /** Calls `buy` for each product that runs out, from now on. */
    watchStock: (buy: (product: string, left: number) => void) => client.subscribe('purchasing.needed', ({ data }) => buy(data.product, data.left)),
    close: () => client.close(),
  };
};

if (import.meta.main) {
  const { GODWIT_URL = 'http://localhost:7117', GODWIT_KEY = '' } = process.env;
  const shop = openShop(GODWIT_URL, GODWIT_KEY);
  await shop.watchStock((product, left) => console.log(`buy more ${product}: ${left} left`)).ready;
  await shop.stock('tea', 'Tea', 5).catch((error: unknown) => console.log(String(error)));
  console.log('left:', await shop.reserve('tea', 3, crypto.randomUUID()));
  console.log('left:', await shop.reserve('tea', 3, crypto.randomUUID()));
  await shop.close();
}
