// The promise of the storage port as tests. A store registers itself with `storageContract` and passes; what a store promises
// beyond the port it tests beside itself. Nothing here knows what the store is made of.
import { describe } from 'node:test';
import { collectionsContract } from './storage-collections.contract.ts';
import { listsContract } from './storage-lists.contract.ts';
import { logContract } from './storage-log.contract.ts';
import { publishesContract } from './storage-publishes.contract.ts';
import { requestsContract } from './storage-requests.contract.ts';
import { retentionContract } from './storage-retention.contract.ts';
import type { ContractSubject } from './storage-subject.contract.ts';
import { writesContract } from './storage-writes.contract.ts';

export type { ContractSubject, OpenedStore } from './storage-subject.contract.ts';

/** Registers the suites of the contract for one store. */
export const storageContract = (name: string, subject: ContractSubject): void => {
  describe(`${name} keeps the storage contract`, () => {
    writesContract(subject);
    requestsContract(subject);
    publishesContract(subject);
    logContract(subject);
    listsContract(subject);
    collectionsContract(subject);
    retentionContract(subject);
  });
};
