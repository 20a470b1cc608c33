// One document: read, edited as JSON that is judged while it is typed, saved only on top of the version that was opened, deleted. What others do to it shows by itself.
import { GodwitError } from '@godwit/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useAsk } from '../frame/ask.ts';
import { go, guardLeaving, pathTo } from '../frame/route.ts';
import { client, may } from '../frame/session.ts';
import { Button, Copy, TextField } from '../parts/controls.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { moment } from '../parts/format.ts';
import { JsonEditor, readJson } from '../parts/json-editor.tsx';
import { JsonTree } from '../parts/json-tree.tsx';
import { FailureLine, Notice, Shown } from '../parts/states.tsx';
import { example } from '../schema/example.ts';
import { Conflict } from './conflict.tsx';
import { type Doc, ownOf, pretty } from './document.ts';

interface Versioned {
  readonly document: Doc;
  readonly etag: string;
}

const read = async (collection: string, id: string, signal?: AbortSignal): Promise<Versioned> => {
  const { data, headers } = await client().request<Doc>('GET', `/${collection}/${id}`, signal === undefined ? {} : { signal });
  return { document: data, etag: headers['etag'] ?? '' };
};

interface EditorProps {
  readonly collection: string;
  readonly schema: unknown;
  readonly root: unknown;
  /** Counts the changes that this collection saw: the document is read again. */
  readonly changed: (id: string) => number;
  readonly onDone: () => void;
}

/** Editing what was read; `base` is what a save must still find. */
const Editing = ({
  collection,
  schema,
  root,
  opened,
  onDone,
  onFresh,
}: EditorProps & { readonly opened: Versioned; readonly onFresh: (fresh: Versioned) => void }) => {
  const [base, setBase] = useState(opened);
  const [text, setText] = useState(() => pretty(ownOf(opened.document)));
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const [conflict, setConflict] = useState<{ readonly theirs: Versioned | undefined }>();
  const [removing, setRemoving] = useState(false);
  const { id } = opened.document;
  const isDirty = text !== pretty(ownOf(base.document));
  const mayWrite = may(`write:${collection}`);
  const { broken, faults, value } = readJson(text, schema, root);
  useEffect(() => {
    guardLeaving(isDirty ? () => confirm('What you changed is not saved. Leave it?') : undefined);
    return () => guardLeaving(undefined);
  }, [isDirty]);
  // What nobody is editing follows what is saved elsewhere.
  useEffect(() => {
    if (isDirty || opened.etag === base.etag) return;
    setBase(opened);
    setText(pretty(ownOf(opened.document)));
    setSaved(false);
  }, [opened, isDirty]);

  const take = (fresh: Versioned): void => {
    setBase(fresh);
    setText(pretty(ownOf(fresh.document)));
    setConflict(undefined);
    onFresh(fresh);
  };
  const showBoth = async (): Promise<void> => {
    try {
      setConflict({ theirs: await read(collection, id) });
    } catch (failure) {
      if (failure instanceof GodwitError && failure.code === 'NOT_FOUND') setConflict({ theirs: undefined });
      else setError(failure);
    }
  };
  const save = async (etag: string): Promise<void> => {
    setBusy(true);
    setError(undefined);
    setSaved(false);
    try {
      const { data, headers } = await client().request<Doc>('PUT', `/${collection}/${id}`, { data: value, ifMatch: etag });
      take({ document: data, etag: headers['etag'] ?? '' });
      setSaved(true);
    } catch (failure) {
      if (failure instanceof GodwitError && (failure.code === 'PRECONDITION_FAILED' || failure.code === 'NOT_FOUND')) await showBoth();
      else setError(failure);
    }
    setBusy(false);
  };
  return (
    <>
      <dl class="facts">
        <dt>Version</dt>
        <dd data-version={base.document.version}>{base.document.version}</dd>
        <dt>Made</dt>
        <dd>{moment(base.document.createdAt)}</dd>
        <dt>Changed</dt>
        <dd>{moment(base.document.updatedAt)}</dd>
      </dl>
      {isDirty && opened.etag !== base.etag && (
        <Notice tone="warn">
          <span>This document was changed elsewhere while you edit it.</span> <Button onClick={() => void showBoth()}>Show both</Button>
        </Notice>
      )}
      {mayWrite ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (broken === undefined && isDirty && !busy) void save(base.etag);
          }}
        >
          <JsonEditor label="Document" text={text} onInput={setText} schema={schema} root={root} rows={16} />
          <FailureLine error={error} />
          {saved && !isDirty && <Notice tone="good">Saved as version {base.document.version}.</Notice>}
          <div class="actions">
            <Button type="submit" kind="primary" disabled={!isDirty || broken !== undefined || busy}>
              {busy ? 'Saving' : faults.length > 0 ? 'Try to save' : 'Save'}
            </Button>
            <Button disabled={!isDirty} onClick={() => setText(pretty(ownOf(base.document)))}>
              Discard
            </Button>
            <div class="grow" />
            <Button kind="danger" onClick={() => setRemoving(true)}>
              Delete
            </Button>
          </div>
        </form>
      ) : (
        <JsonTree value={ownOf(base.document)} label="Document" />
      )}
      {conflict !== undefined && (
        <Conflict
          mine={text}
          theirs={conflict.theirs?.document}
          onClose={() => {
            // Going on with mine means: on top of theirs, which was shown.
            if (conflict.theirs !== undefined) setBase(conflict.theirs);
            setConflict(undefined);
          }}
          onTheirs={() => {
            if (conflict.theirs !== undefined) take(conflict.theirs);
            else {
              setText(pretty(ownOf(base.document)));
              guardLeaving(undefined);
              onDone();
            }
          }}
          onMine={() => {
            const { theirs } = conflict;
            setConflict(undefined);
            if (theirs !== undefined) void save(theirs.etag);
          }}
        />
      )}
      {removing && (
        <Confirm
          title={`Delete ${id}?`}
          verb="Delete"
          onClose={() => setRemoving(false)}
          act={async () => {
            await client().request('DELETE', `/${collection}/${id}`, { ifMatch: base.etag });
            guardLeaving(undefined);
            onDone();
          }}
        >
          <p>Version {base.document.version} is removed, and whoever follows the collection is told.</p>
        </Confirm>
      )}
    </>
  );
};

export const DocumentPane = ({ id, ...props }: EditorProps & { readonly id: string }) => {
  const { collection, changed, onDone } = props;
  const [fresh, setFresh] = useState<Versioned>();
  const seen = changed(id);
  const asked = useAsk(`${collection}/${id}`, (signal) => read(collection, id, signal));
  const first = useRef(seen);
  useEffect(() => {
    if (seen !== first.current) asked.reload();
    first.current = seen;
  }, [seen]);
  const isGone = asked.error instanceof GodwitError && asked.error.code === 'NOT_FOUND' && asked.data !== undefined;
  return (
    <section class="pane" aria-label="Document">
      <div class="pane-head">
        <h2 class="mono">{id}</h2>
        <Copy text={id} label="id" />
        <Button kind="quiet" label="Close the document" onClick={onDone}>
          ×
        </Button>
      </div>
      <div class="pane-body">
        {isGone ? (
          <Notice tone="warn">This document was deleted elsewhere.</Notice>
        ) : (
          <Shown asked={asked} what="the document">
            {(opened) => {
              const current = fresh !== undefined && fresh.document.id === id && fresh.document.version > opened.document.version ? fresh : opened;
              return <Editing key={`${collection}/${id}`} {...props} opened={current} onFresh={setFresh} />;
            }}
          </Shown>
        )}
      </div>
    </section>
  );
};

export const NewDocumentPane = ({ collection, schema, root, onDone }: Omit<EditorProps, 'changed'>) => {
  const [id, setId] = useState('');
  const [text, setText] = useState(() => pretty(example(schema, root)));
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const { broken, value } = readJson(text, schema, root);
  const wrongId = id !== '' && !/^[A-Za-z0-9_-]{1,64}$/.test(id);
  const create = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await client().request<Doc>('POST', `/${collection}`, { data: { ...(value as object), ...(id === '' ? {} : { id }) } });
      go(may(`read:${collection}`) ? pathTo('documents', collection, data.id) : pathTo('documents', collection));
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <section class="pane" aria-label="New document">
      <div class="pane-head">
        <h2>New document</h2>
        <Button kind="quiet" label="Close the form" onClick={onDone}>
          ×
        </Button>
      </div>
      <form
        class="pane-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (broken === undefined && !wrongId && !busy) void create();
        }}
      >
        <TextField
          label="Id"
          mono
          value={id}
          onInput={setId}
          autoFocus
          error={wrongId ? 'Letters, digits, - and _, at most 64.' : undefined}
          hint="Empty: the server makes one."
        />
        <JsonEditor label="Document" text={text} onInput={setText} schema={schema} root={root} rows={14} />
        <FailureLine error={error} />
        <div class="actions">
          <Button type="submit" kind="primary" disabled={broken !== undefined || wrongId || busy}>
            Create
          </Button>
          <Button onClick={onDone}>Cancel</Button>
        </div>
      </form>
    </section>
  );
};
