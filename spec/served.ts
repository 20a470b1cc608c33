// What the server of this tree serves, by section or clause. The gate asks a scenario for every clause below these, and only
// scenarios of these run. The one place to change when a section is built.
import { within } from './clauses.ts';

export const SERVED: readonly string[] = [
  '1',
  '2',
  '3',
  '4',
  '6.1',
  '6.2.1',
  '6.2.2',
  '7.1.1',
  '7.1.2',
  '7.2.2',
  '8',
  '9.1.1',
  '9.2',
  '10',
  '11.1',
  '11.2',
  '11.3',
  '11.4',
  '12',
  '13',
];

export const isServed = (clause: string): boolean => SERVED.some((section) => within(clause, section));
