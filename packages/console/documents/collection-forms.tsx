// Making a collection, changing its schema, removing it (3.2.5): for administrators.
import { useState } from 'preact/hooks';
import { client } from '../frame/session.ts';
import { TextField } from '../parts/controls.tsx';
import { Confirm, FormDialog } from '../parts/dialog.tsx';
import { JsonEditor, readJson } from '../parts/json-editor.tsx';
import { pretty } from './document.ts';

export interface Collection {
  readonly name: string;
  readonly schema: unknown;
  readonly indexes: readonly string[];
  readonly source: 'api' | 'configuration';
}

interface FormProps {
  /** The one that is changed; undefined: a new one. */
  readonly collection?: Collection | undefined;
  readonly onClose: () => void;
  readonly onDone: (name: string) => void;
}

const START = { type: 'object', required: [], properties: {} };

export const CollectionForm = ({ collection, onClose, onDone }: FormProps) => {
  const [name, setName] = useState(collection?.name ?? '');
  const [text, setText] = useState(pretty(collection === undefined ? START : collection.schema));
  const [indexes, setIndexes] = useState((collection?.indexes ?? []).join(' '));
  const { broken, value } = readJson(text, { type: ['object', 'boolean', 'null'] });
  const ready = /^[a-z][a-z0-9_-]{0,62}$/.test(name) && broken === undefined;
  const save = async (): Promise<void> => {
    const data = { schema: value, indexes: indexes.split(/\s+/).filter((one) => one !== '') };
    await (collection === undefined
      ? client().request('POST', '/collections', { data: { name, ...data } })
      : client().request('PUT', `/collections/${name}`, { data }));
    onDone(name);
  };
  return (
    <FormDialog
      title={collection === undefined ? 'New collection' : `Schema of ${collection.name}`}
      verb={collection === undefined ? 'Make the collection' : 'Change it for the next writes'}
      ready={ready}
      act={save}
      onClose={onClose}
      wide
    >
      {collection === undefined && (
        <TextField label="Name" mono autoFocus value={name} onInput={setName} hint="Small letters, digits, - and _, a letter first." />
      )}
      <JsonEditor label="JSON Schema, or null for none" text={text} onInput={setText} rows={14} />
      <TextField
        label="Indexes"
        mono
        value={indexes}
        onInput={setIndexes}
        hint="Fields that lists filter and sort by quickly, spaces between; `status,total` is one index of two fields."
      />
    </FormDialog>
  );
};

export const RemoveCollection = ({ name, onClose, onDone }: { readonly name: string; readonly onClose: () => void; readonly onDone: () => void }) => (
  <Confirm
    title={`Remove ${name}?`}
    verb="Remove"
    onClose={onClose}
    act={async () => {
      await client().request('DELETE', `/collections/${name}`);
      onDone();
    }}
  >
    <p>Only a collection without documents can be removed.</p>
  </Confirm>
);
