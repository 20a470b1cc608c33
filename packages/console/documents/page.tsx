// Collections and their documents: chosen at the left, listed in the middle, opened at the right. The address names what is open.
import { useEffect, useState } from 'preact/hooks';
import { useAsk } from '../frame/ask.ts';
import { go, pathTo, route } from '../frame/route.ts';
import { client, may, refreshWho, session, who } from '../frame/session.ts';
import { Button, Tag } from '../parts/controls.tsx';
import { Empty, Notice, Shown } from '../parts/states.tsx';
import { describe, described, schemaOfCollection } from '../schema/described.ts';
import { useChanges } from './changes.ts';
import { type Collection, CollectionForm, RemoveCollection } from './collection-forms.tsx';
import { DocumentPane, NewDocumentPane } from './editor.tsx';
import { DocumentList } from './list.tsx';

type Form = 'new-document' | 'new-collection' | 'schema' | 'remove';

/** Administrators read the collections themselves; others what their session and the description tell. */
const readCollections = async (signal: AbortSignal): Promise<readonly Collection[]> => {
  if (may('admin')) return (await client().request<{ readonly items: readonly Collection[] }>('GET', '/collections', { signal })).data.items;
  await Promise.all([refreshWho(), describe()]);
  return (who.value?.collections ?? []).map(({ name }) => ({
    name,
    schema: schemaOfCollection(described.value, name) ?? null,
    indexes: [],
    source: 'configuration' as const,
  }));
};

const Collections = ({ items, chosen }: { readonly items: readonly Collection[]; readonly chosen: string | undefined }) => (
  <ul class="collections" aria-label="Collections">
    {items.map(({ name }) => (
      <li key={name}>
        <a href={pathTo('documents', name)} aria-current={name === chosen ? 'true' : undefined}>
          {name}
        </a>
      </li>
    ))}
  </ul>
);

export const DocumentsPage = () => {
  const [named, id] = route.value.rest;
  const [form, setForm] = useState<Form>();
  const [turn, setTurn] = useState(0);
  const asked = useAsk(`collections ${session.value?.credential} ${turn}`, readCollections);
  const items = asked.data ?? [];
  const collection = items.find(({ name }) => name === named);
  const changes = useChanges(collection?.name);
  const isAdmin = may('admin');
  const first = items[0]?.name;
  useEffect(() => {
    if (named === undefined && first !== undefined) go(pathTo('documents', first), 'replace');
  }, [named, first]);
  useEffect(() => setForm(undefined), [named, id]);
  const reload = (): void => {
    setForm(undefined);
    setTurn((last) => last + 1);
    refreshWho().catch(() => {});
  };
  const mayRead = collection !== undefined && may(`read:${collection.name}`);
  const mayWrite = collection !== undefined && may(`write:${collection.name}`);
  const backToList = (): void => {
    if (collection !== undefined) go(pathTo('documents', collection.name));
  };
  const isOpen = form === 'new-document' || (id !== undefined && mayRead);
  return (
    <div class={isOpen ? 'page split' : 'page'}>
      <div class="page-main">
        <header class="page-head">
          <h1>Documents</h1>
          <div class="grow" />
          {isAdmin && <Button onClick={() => setForm('new-collection')}>New collection</Button>}
          {mayWrite && (
            <Button kind="primary" onClick={() => setForm('new-document')}>
              New document
            </Button>
          )}
        </header>
        <Shown asked={asked} what="the collections">
          {(all) =>
            all.length === 0 ? (
              <Empty title="No collections yet">
                <p>
                  {isAdmin
                    ? 'A collection holds JSON documents, by a schema if you like. Every change of one is a message too.'
                    : 'There is none that you may read or write.'}
                </p>
              </Empty>
            ) : (
              <div class="beside">
                <Collections items={all} chosen={named} />
                <div class="beside-main">
                  {collection === undefined ? (
                    named !== undefined && <Empty title={`There is no collection ${named} that you may see`} />
                  ) : (
                    <>
                      <div class="collection-bar">
                        <h2>{collection.name}</h2>
                        {collection.schema === null ? <Tag>no schema</Tag> : <Tag tone="accent">schema</Tag>}
                        {isAdmin && collection.indexes.length > 0 && <span class="muted">indexed by {collection.indexes.join('; ')}</span>}
                        <div class="grow" />
                        {!changes.followed && mayRead && <Button onClick={reload}>Read again</Button>}
                        {isAdmin && collection.source === 'api' && (
                          <>
                            <Button kind="quiet" onClick={() => setForm('schema')}>
                              Schema
                            </Button>
                            <Button kind="quiet" onClick={() => setForm('remove')}>
                              Remove
                            </Button>
                          </>
                        )}
                      </div>
                      {!changes.followed && mayRead && (
                        <Notice live={false}>What others change does not show by itself: your scopes do not cover subscribing to {collection.name}.**</Notice>
                      )}
                      {mayRead ? (
                        <DocumentList
                          key={`${collection.name} ${turn}`}
                          collection={collection.name}
                          schema={collection.schema}
                          chosen={id}
                          changes={changes.total}
                        />
                      ) : (
                        <Empty title="You may write here, not read">New documents can be made; what is there needs the scope read:{collection.name}.</Empty>
                      )}
                    </>
                  )}
                </div>
              </div>
            )
          }
        </Shown>
      </div>
      {collection !== undefined && form === 'new-document' && (
        <NewDocumentPane
          collection={collection.name}
          schema={collection.schema}
          root={isAdmin ? collection.schema : described.value.root}
          onDone={() => setForm(undefined)}
        />
      )}
      {collection !== undefined && form !== 'new-document' && id !== undefined && mayRead && (
        <DocumentPane
          key={`${collection.name}/${id}`}
          id={id}
          collection={collection.name}
          schema={collection.schema}
          root={isAdmin ? collection.schema : described.value.root}
          changed={changes.of}
          onDone={backToList}
        />
      )}
      {(form === 'new-collection' || form === 'schema') && (
        <CollectionForm
          collection={form === 'schema' ? collection : undefined}
          onClose={() => setForm(undefined)}
          onDone={(name) => {
            reload();
            go(pathTo('documents', name));
          }}
        />
      )}
      {form === 'remove' && collection !== undefined && (
        <RemoveCollection
          name={collection.name}
          onClose={() => setForm(undefined)}
          onDone={() => {
            go(pathTo('documents'), 'replace');
            reload();
          }}
        />
      )}
    </div>
  );
};
