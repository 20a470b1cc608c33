// Tables of things: a row each, on a narrow screen a card each, with the names of the columns in it.
import type { ComponentChildren } from 'preact';

export interface Column<T> {
  readonly name: string;
  readonly of: (item: T) => ComponentChildren;
  readonly kind?: 'text' | 'number' | 'actions';
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
}

export const Table = <T,>({ label, columns, items, keyOf }: TableProps<T>) => (
  <div class="table-frame card-frame">
    <table class="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ name, kind = 'text' }) => (
            <th key={name} scope="col" class={kind}>
              {kind === 'actions' ? <span class="unseen">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={keyOf(item)}>
            {columns.map(({ name, of, kind = 'text' }) => (
              <td key={name} class={kind} data-name={kind === 'actions' ? '' : name}>
                <div class="value">{of(item)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
