// The page's elements: orders as rows, changes as lines, the state as a badge. It is told everything, and asks nobody.
import type { DocumentOf, Message, State } from '@godwit/client';
import type api from '../godwit.config.ts';
import type { Listener } from './follow.ts';

export type Order = DocumentOf<typeof api, 'orders'>;

export interface Actions {
  create(customer: string, total: number): void;
  advance(order: Order): void;
  remove(id: string): void;
}

export interface Page extends Listener<Order> {
  state(status: State['status'], transport: State['transport'], error: string | undefined): void;
  notice(text: string): void;
}

const MOST_LINES = 30;
const WORDS = { websocket: 'live over WebSocket', longpoll: 'live over long-polling' };

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

const button = (text: string, act: () => void): HTMLButtonElement => {
  const made = document.createElement('button');
  made.textContent = text;
  made.onclick = act;
  return made;
};

export const renderer = (actions: Actions): Page => {
  const rows = element('orders');
  const lines = element('changes');
  const badge = element('state');
  const notice = element('notice');
  const byId = new Map<string, HTMLTableRowElement>();

  const form = element<HTMLFormElement>('create');
  form.onsubmit = (event) => {
    event.preventDefault();
    const given = new FormData(form);
    actions.create(String(given.get('customer')), Math.round(Number(given.get('total')) * 100));
  };

  const draw = (order: Order): void => {
    const { id, customer, total, status, version } = order;
    let row = byId.get(id);
    if (row === undefined) {
      row = document.createElement('tr');
      row.dataset['id'] = id;
      byId.set(id, row);
      rows.prepend(row);
    }
    const cells = [id, customer, (total / 100).toFixed(2), status, String(version)].map((text) => {
      const cell = document.createElement('td');
      cell.textContent = text;
      return cell;
    });
    const edits = document.createElement('td');
    edits.append(
      button('Next', () => actions.advance(order)),
      button('Remove', () => actions.remove(id)),
    );
    row.replaceChildren(...cells, edits);
  };

  const erase = (id: string): void => {
    byId.get(id)?.remove();
    byId.delete(id);
  };

  const log = ({ topic, cursor, timestamp, data }: Message): void => {
    const { version } = data as { version: number };
    const line = document.createElement('li');
    Object.assign(line.dataset, { topic, cursor, version: String(version) });
    line.textContent = `${timestamp.slice(11, 19)} ${topic} v${version}`;
    lines.prepend(line);
    while (lines.children.length > MOST_LINES) lines.lastElementChild?.remove();
  };

  return {
    all(documents) {
      for (const id of [...byId.keys()]) if (!documents.has(id)) erase(id);
      for (const order of documents.values()) draw(order);
    },
    changed(id, order, message) {
      if (order === undefined) erase(id);
      else draw(order);
      log(message);
    },
    state(status, transport, error) {
      badge.dataset['status'] = status;
      badge.dataset['transport'] = transport ?? '';
      badge.textContent = status === 'open' && transport !== undefined ? WORDS[transport] : status;
      badge.title = error ?? '';
    },
    notice(text) {
      notice.textContent = text;
    },
  };
};
