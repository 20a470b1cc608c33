// What the server of this tree serves, by section or clause. The gate asks a scenario for every clause below these, and only
// scenarios of these run. The one place to change when a section is built.
import { within } from './clauses.ts';

export const SERVED: readonly string[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13'];

export const isServed = (clause: string): boolean => SERVED.some((section) => within(clause, section));
