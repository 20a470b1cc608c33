// The documents of a collection: filtered, sorted, page by page; what changes elsewhere changes here.
import { useEffect, useRef, useState } from 'preact/hooks';
import { useAsk } from '../frame/ask.ts';
import { pathTo } from '../frame/route.ts';
import { client, session } from '../frame/session.ts';
import { Button, Choice, TextField } from '../parts/controls.tsx';
import { count, moment, preview } from '../parts/format.ts';
import { Empty, Shown } from '../parts/states.tsx';
import { type Condition, columnsOf, type Doc, fieldsOf, listQuery, OPERATORS, type Operator } from './document.ts';

export interface ListProps {
  readonly collection: string;
  readonly schema: unknown;
  readonly chosen: string | undefined;
  /** Grows with every change of the collection. */
  readonly changes: number;
}

const PAGE = 50;
const MOST_PAGES = 10;
/** Changes come in bursts: the list is read again once they pause, at the latest after this. */
const SETTLE_MS = 400;

interface Listed {
  readonly items: readonly Doc[];
  readonly next: string | null;
}

/** Long ones in short: how many are in a list, or what is in an object. */
const cellText = (value: unknown): string =>
  value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : Array.isArray(value)
        ? value.length === 0
          ? '[]'
          : `[${count(value.length)}]`
        : preview(value, 60);

const Filters = ({
  fields,
  conditions,
  onChange,
}: {
  readonly fields: readonly string[];
  readonly conditions: readonly Condition[];
  readonly onChange: (conditions: readonly Condition[]) => void;
}) => {
  const [field, setField] = useState('');
  const [operator, setOperator] = useState<Operator>('eq');
  const [value, setValue] = useState('');
  const chosen = field === '' ? (fields[0] ?? 'id') : field;
  return (
    <form
      class="toolbar"
      onSubmit={(event) => {
        event.preventDefault();
        onChange([...conditions, { field: chosen, operator, value }]);
        setValue('');
      }}
    >
      <Choice label="Field" hidden value={chosen} options={fields.map((name) => [name, name] as const)} onChange={setField} />
      <Choice label="Comparison" hidden value={operator} options={OPERATORS} onChange={setOperator} />
      <TextField label="Value" hidden value={value} onInput={setValue} placeholder={operator === 'in' ? 'a,b,c' : 'value'} />
      <Button type="submit">Filter</Button>
      {conditions.map((condition, index) => (
        <Button
          key={`${condition.field} ${index}`}
          kind="quiet"
          label={`Remove the filter ${condition.field} ${condition.operator} ${condition.value}`}
          onClick={() => onChange(conditions.filter((_, at) => at !== index))}
        >
          <code>
            {condition.field} {OPERATORS.find(([name]) => name === condition.operator)?.[1]} {condition.value}
          </code>{' '}
          ×
        </Button>
      ))}
    </form>
  );
};

const SortHead = ({
  field,
  sort,
  isNumber,
  onSort,
}: {
  readonly field: string;
  readonly sort: string;
  readonly isNumber: boolean;
  readonly onSort: (sort: string) => void;
}) => {
  const state = sort === field ? 'ascending' : sort === `-${field}` ? 'descending' : undefined;
  return (
    <th scope="col" aria-sort={state} class={isNumber ? 'number' : 'text'}>
      <button type="button" class="sort" onClick={() => onSort(state === undefined ? field : state === 'ascending' ? `-${field}` : '')}>
        {field}
        <span aria-hidden="true">{state === 'ascending' ? ' ↑' : state === 'descending' ? ' ↓' : ''}</span>
      </button>
    </th>
  );
};

export const DocumentList = ({ collection, schema, chosen, changes }: ListProps) => {
  const [conditions, setConditions] = useState<readonly Condition[]>([]);
  const [sort, setSort] = useState('');
  const [pages, setPages] = useState(1);
  const asked = useAsk(`${session.value?.credential} ${collection} ${JSON.stringify(conditions)} ${sort} ${pages}`, async (signal) => {
    const items: Doc[] = [];
    let next: string | null | undefined;
    for (let page = 0; page < pages && next !== null; page++) {
      const { data } = await client().request<Listed>('GET', `/${collection}?${listQuery(conditions, sort, PAGE, next)}`, { signal });
      items.push(...data.items);
      next = data.next;
    }
    return { items, next: next ?? null };
  });
  // What was read stays while more is: another page, filter or order is no reason to begin with nothing.
  const kept = useRef<{ readonly of: string; readonly listed: Listed } | undefined>(undefined);
  if (asked.data !== undefined) kept.current = { of: collection, listed: asked.data };
  const shown = { ...asked, data: asked.data ?? (kept.current?.of === collection && asked.error === undefined ? kept.current.listed : undefined) };
  useEffect(() => {
    if (changes === 0) return;
    const timer = setTimeout(asked.reload, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [changes]);
  const items = shown.data?.items ?? [];
  const columns = columnsOf(schema, items);
  return (
    <>
      <Filters fields={fieldsOf(schema, items)} conditions={conditions} onChange={setConditions} />
      <Shown asked={{ ...shown, loading: shown.data === undefined && asked.error === undefined }} what="the documents">
        {({ items: documents, next }) =>
          documents.length === 0 ? (
            <Empty title={conditions.length > 0 ? 'No document fits the filter' : 'No documents yet'} />
          ) : (
            <div class="table-frame scroll">
              <table class="table documents" aria-label={`Documents of ${collection}`}>
                <thead>
                  <tr>
                    {['id', ...columns, 'updatedAt', 'version'].map((field) => (
                      <SortHead key={field} field={field} sort={sort} isNumber={typeof documents[0]?.[field] === 'number'} onSort={setSort} />
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {documents.map((document) => (
                    <tr key={document.id} class={document.id === chosen ? 'chosen' : ''}>
                      <td data-name="id">
                        <a class="mono" href={pathTo('documents', collection, document.id)} aria-current={document.id === chosen ? 'true' : undefined}>
                          {document.id}
                        </a>
                      </td>
                      {columns.map((name) => (
                        <td key={name} data-name={name} class={typeof document[name] === 'number' ? 'number' : 'text'}>
                          {cellText(document[name])}
                        </td>
                      ))}
                      <td data-name="updatedAt">{moment(document.updatedAt)}</td>
                      <td data-name="version" class="number">
                        {document.version}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {next !== null && (
                <div class="after-table">
                  {pages < MOST_PAGES ? (
                    <Button onClick={() => setPages(pages + 1)}>More</Button>
                  ) : (
                    <p class="muted">The first {count(PAGE * MOST_PAGES)}: filter for others.</p>
                  )}
                </div>
              )}
            </div>
          )
        }
      </Shown>
    </>
  );
};
