// The gate: every clause that is served has a scenario, every scenario proves a clause that exists. Needs no server.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { clauseOf, clausesOf, contractClauses, within } from './clauses.ts';
import { RECORDED } from './conversations.ts';
import { scenarios } from './scenario.ts';
import './scenarios/index.ts';
import { isServed, SERVED } from './served.ts';

const clauses = contractClauses();

test('the contract is read: its sections and clauses are found', () => {
  assert.ok(clauses.length >= 60, `only ${clauses.length} clauses found`);
  for (const clause of ['1', '2.1', '3.2.4', '4.1.3', '5.3', '6.2.10', '8.1.1', '13']) assert.ok(clauses.includes(clause), `clause ${clause} is found`);
  assert.deepEqual(clausesOf('## 1 Terms\n- **Topic**\n## 2 Stack\n- 2.1 One\n- 2.10 Ten\n### 2.2 Low\n- 2.2.1 Deep\n'), ['1', '2.1', '2.2.1', '2.10']);
});

test('every clause that is served has a scenario', () => {
  const proven = new Set(scenarios().map(({ clause }) => clause));
  assert.deepEqual(
    clauses.filter((clause) => isServed(clause) && !proven.has(clause)),
    [],
  );
});

test('every scenario proves a clause of the contract', () => {
  assert.deepEqual(
    scenarios()
      .filter(({ clause }) => !clauses.includes(clause))
      .map(({ title }) => title),
    [],
  );
});

test('what is said to be served, and what scenarios lean on, is in the contract', () => {
  assert.deepEqual(
    SERVED.filter((section) => !clauses.some((clause) => within(clause, section))),
    [],
  );
  assert.deepEqual(
    scenarios()
      .flatMap(({ also }) => also ?? [])
      .filter((section) => !clauses.some((clause) => within(clause, section))),
    [],
  );
});

test('a title is taken apart at its clause', () => {
  assert.equal(clauseOf('3.2.3 create answers 201'), '3.2.3');
  assert.equal(clauseOf('13 a setting'), '13');
  assert.equal(clauseOf('create answers 201'), undefined);
});

test('every recorded conversation is replayed', () => {
  const files = readdirSync(new URL('./conversations/', import.meta.url)).filter((file) => file.endsWith('.json'));
  assert.deepEqual(Object.keys(RECORDED).sort(), files.sort());
});
