// The SQLite store keeps the contract of the port.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageContract } from '../../ports/storage.contract.ts';
import { openSqliteStorage } from './index.ts';

storageContract('SQLite', {
  open: async (directory) => {
    const where = directory ?? (await mkdtemp(join(tmpdir(), 'godwit-store-')));
    return { storage: await openSqliteStorage({ directory: where }), directory: where };
  },
  discard: (directory) => rm(directory, { recursive: true, force: true }),
});
