// A scenario: a title that begins with the clause it proves, what it needs, and what it does. Importing a scenario file
// registers its scenarios here; nothing runs until somebody asks.
import assert from 'node:assert/strict';
import type { Transport } from './caller.ts';
import { clauseOf } from './clauses.ts';
import type { Trial } from './trial.ts';

export interface ScenarioOptions {
  /** Starts a server of its own, with its own settings: cannot run against somebody's URL alone. */
  readonly needs?: 'own server';
  /** Other clauses that it makes use of: it runs only where they are served as well. */
  readonly also?: readonly string[];
  /** The transports that it runs over; HTTP unless told. 'any': speaks in operations only, and runs over each. */
  readonly over?: 'any' | readonly Transport[];
  readonly timeoutMs?: number;
}

export interface Scenario extends ScenarioOptions {
  readonly title: string;
  readonly clause: string;
  readonly perform: (t: Trial) => Promise<void>;
}

const registered: Scenario[] = [];

export const scenario = (title: string, options: ScenarioOptions, perform: (t: Trial) => Promise<void>): void => {
  const clause = clauseOf(title);
  assert.ok(clause !== undefined, `a scenario's title begins with the clause that it proves: ${title}`);
  assert.ok(!registered.some((other) => other.title === title), `two scenarios of one title: ${title}`);
  registered.push({ title, clause, perform, ...options });
};

export const scenarios = (): readonly Scenario[] => registered;
