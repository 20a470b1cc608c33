// A value as a tree that opens where one looks: nothing below a closed branch is drawn, and long lists come in portions.
import { useState } from 'preact/hooks';
import { count } from './format.ts';

const PORTION = 100;
/** Branches above this depth are open at first, if they are small. */
const OPEN_DEPTH = 3;
const OPEN_MEMBERS = 30;
const LONG_TEXT = 2000;

const isBranch = (value: unknown): value is object => typeof value === 'object' && value !== null;

const Leaf = ({ value }: { readonly value: unknown }) => {
  const [whole, setWhole] = useState(false);
  if (typeof value !== 'string') return <span class={value === null ? 'json-null' : `json-${typeof value}`}>{String(value)}</span>;
  const text = JSON.stringify(whole || value.length <= LONG_TEXT ? value : value.slice(0, LONG_TEXT));
  return (
    <span class="json-string">
      {text}
      {value.length > LONG_TEXT && (
        <button type="button" class="more" onClick={() => setWhole(!whole)}>
          {whole ? 'less' : `${count(value.length - LONG_TEXT)} more characters`}
        </button>
      )}
    </span>
  );
};

const Branch = ({ value, depth }: { readonly value: object; readonly depth: number }) => {
  const [shown, setShown] = useState(PORTION);
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  return (
    <ul class="json-members">
      {entries.slice(0, shown).map(([name, member]) => (
        <li key={name}>
          <Node name={isList ? undefined : name} index={isList ? name : undefined} value={member} depth={depth + 1} />
        </li>
      ))}
      {entries.length > shown && (
        <li>
          <button type="button" class="more" onClick={() => setShown(shown + PORTION * 10)}>
            {count(entries.length - shown)} more
          </button>
        </li>
      )}
    </ul>
  );
};

interface NodeProps {
  readonly name?: string | undefined;
  readonly index?: string | undefined;
  readonly value: unknown;
  readonly depth: number;
}

const Name = ({ name, index }: Pick<NodeProps, 'name' | 'index'>) =>
  name !== undefined ? <span class="json-name">{name}: </span> : index !== undefined ? <span class="json-index">{index}: </span> : null;

const Node = ({ name, index, value, depth }: NodeProps) => {
  const size = isBranch(value) ? Object.keys(value).length : 0;
  const [open, setOpen] = useState(depth < OPEN_DEPTH && size <= OPEN_MEMBERS);
  if (!isBranch(value) || size === 0) {
    return (
      <span class="json-line">
        <Name name={name} index={index} />
        {isBranch(value) ? <span class="json-null">{Array.isArray(value) ? '[]' : '{}'}</span> : <Leaf value={value} />}
      </span>
    );
  }
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name name={name} index={index} />
        <span class="json-size">{Array.isArray(value) ? `[${count(size)}]` : `{${count(size)}}`}</span>
      </summary>
      {open && <Branch value={value} depth={depth} />}
    </details>
  );
};

export const JsonTree = ({ value, label }: { readonly value: unknown; readonly label: string }) => (
  <section class="json mono" aria-label={label}>
    <Node value={value} depth={0} />
  </section>
);
