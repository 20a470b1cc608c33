// JSON as text that is judged while it is typed: first whether it is JSON, then by the schema of what it is for. The list of faults is told to those who hear the page.
import { useId, useMemo } from 'preact/hooks';
import { type Fault, judge } from '../schema/judge.ts';

export interface Reading {
  readonly value: unknown;
  /** Why the text is no JSON; undefined where it is. */
  readonly broken: string | undefined;
  readonly faults: readonly Fault[];
}

/** What typed JSON is. `root`: where the schema's references are resolved. */
export const readJson = (text: string, schema: unknown, root?: unknown): Reading => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { value: undefined, broken: text.trim() === '' ? 'Nothing is written yet.' : (error as Error).message, faults: [] };
  }
  return { value, broken: undefined, faults: judge(schema, value, root ?? schema) };
};

export interface JsonEditorProps {
  readonly label: string;
  readonly text: string;
  readonly onInput: (text: string) => void;
  readonly schema?: unknown;
  readonly root?: unknown;
  readonly rows?: number;
}

export const JsonEditor = ({ label, text, onInput, schema, root, rows = 12 }: JsonEditorProps) => {
  const id = useId();
  const { broken, faults } = useMemo(() => readJson(text, schema, root), [text, schema, root]);
  const isWrong = broken !== undefined || faults.length > 0;
  return (
    <div class={isWrong ? 'editor wrong' : 'editor'}>
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class="mono"
        rows={rows}
        value={text}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        aria-invalid={isWrong}
        aria-describedby={`${id}-verdict`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <div id={`${id}-verdict`} class="verdict" role="status">
        {broken !== undefined ? (
          <p class="wrong-text">{broken}</p>
        ) : faults.length > 0 ? (
          <ul class="faults">
            {faults.map(({ at, message }) => (
              <li key={`${at} ${message}`}>
                <code>{at === '' ? 'The value' : at}</code> {message}
              </li>
            ))}
          </ul>
        ) : (
          <p class="right-text">{schema === undefined || schema === null ? 'Valid JSON. There is no schema to hold it against.' : 'Valid by the schema.'}</p>
        )}
      </div>
    </div>
  );
};
