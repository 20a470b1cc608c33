// Scopes as rows: a verb and what it is on. What is no scope is said while it is typed.
import { isScope } from '@godwit/protocol';
import { Button, Choice, TextField } from '../parts/controls.tsx';

const VERBS = ['read', 'write', 'publish', 'subscribe', 'admin'] as const;
type Verb = (typeof VERBS)[number];

export interface ScopeRow {
  readonly verb: Verb;
  readonly on: string;
}

export const scopeOf = ({ verb, on }: ScopeRow): string => (verb === 'admin' ? 'admin' : `${verb}:${on.trim()}`);

const HINTS: Readonly<Record<Verb, string>> = {
  read: 'a collection, or *',
  write: 'a collection, or *',
  publish: 'a pattern: orders.**',
  subscribe: 'a pattern: orders.**',
  admin: '',
};

export interface ScopeListProps {
  readonly rows: readonly ScopeRow[];
  readonly onChange: (rows: readonly ScopeRow[]) => void;
  /** Without `admin`, as for tokens (11.2). */
  readonly narrow?: boolean;
}

export const ScopeList = ({ rows, onChange, narrow = false }: ScopeListProps) => {
  const put = (index: number, row: ScopeRow): void => onChange(rows.map((before, at) => (at === index ? row : before)));
  return (
    <fieldset class="scopes">
      <legend>Scopes</legend>
      {rows.map((row, index) => (
        <div class="scope-row" key={index}>
          <Choice
            label={`Scope ${index + 1}`}
            hidden
            value={row.verb}
            options={VERBS.filter((verb) => !narrow || verb !== 'admin').map((verb) => [verb, verb] as const)}
            onChange={(verb) => put(index, { ...row, verb })}
          />
          {row.verb === 'admin' ? (
            <p class="hint">everything there is</p>
          ) : (
            <TextField
              label={`On what, scope ${index + 1}`}
              hidden
              mono
              value={row.on}
              placeholder={HINTS[row.verb]}
              error={row.on !== '' && !isScope(scopeOf(row)) ? `is not ${HINTS[row.verb]}` : undefined}
              onInput={(on) => put(index, { ...row, on })}
            />
          )}
          <Button kind="quiet" label={`Remove scope ${index + 1}`} onClick={() => onChange(rows.filter((_, at) => at !== index))}>
            ×
          </Button>
        </div>
      ))}
      <Button onClick={() => onChange([...rows, { verb: 'subscribe', on: '' }])}>Add a scope</Button>
    </fieldset>
  );
};
