// The list of messages, newest first: only what can be seen stands in the page, however many there are. One place to tab to; the arrows choose within.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clock, preview } from '../parts/format.ts';
import type { Row, Tail } from './tail.ts';

const BEYOND = 4;
const ROW = 30;
const TALL_ROW = 50;
const narrow = matchMedia('(max-width: 640px)');

const useRowHeight = (): number => {
  const [height, setHeight] = useState(narrow.matches ? TALL_ROW : ROW);
  useEffect(() => {
    const change = (): void => setHeight(narrow.matches ? TALL_ROW : ROW);
    narrow.addEventListener('change', change);
    return () => narrow.removeEventListener('change', change);
  }, []);
  return height;
};

export interface RowsProps {
  readonly tail: Tail;
  readonly chosen: Row | undefined;
  readonly onChoose: (row: Row) => void;
  /** How many rows stand on the screen that were not there before. */
  readonly onDrawn: (rows: number) => void;
  readonly foot: ComponentChildren;
}

const indexOf = (tail: Tail, row: Row | undefined): number => {
  for (let index = 0; row !== undefined && index < tail.rows.length; index++) if (tail.rows.at(tail.rows.length - 1 - index) === row) return index;
  return -1;
};

export const Rows = ({ tail, chosen, onChoose, onDrawn, foot }: RowsProps) => {
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const rowHeight = useRowHeight();
  const newest = useRef<Row | undefined>(undefined);
  const total = tail.rows.length;

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Following shows the newest: whoever scrolls away from it stays where they look.
  useLayoutEffect(() => {
    if (tail.mode === 'following' && frame.current !== null && frame.current.scrollTop !== 0) frame.current.scrollTop = 0;
  }, [tail.mode, tail]);

  const first = Math.max(0, Math.floor(top / rowHeight) - BEYOND);
  const last = Math.min(total, Math.ceil((top + height) / rowHeight) + BEYOND);

  useLayoutEffect(() => {
    const before = newest.current;
    newest.current = tail.rows.newest;
    if (newest.current === before) return;
    const seen = Math.ceil(height / rowHeight);
    let fresh = 0;
    while (fresh < seen && fresh < total && tail.rows.at(total - 1 - fresh) !== before) fresh++;
    onDrawn(fresh);
  });

  const scrolled = (): void => {
    const at = frame.current?.scrollTop ?? 0;
    if (at > rowHeight && tail.mode === 'following') tail.pause();
    setTop(at);
  };

  const choose = (index: number): void => {
    const row = tail.rows.at(total - 1 - index);
    if (row === undefined || frame.current === null) return;
    tail.pause();
    onChoose(row);
    const from = index * rowHeight;
    const element = frame.current;
    if (from < element.scrollTop) element.scrollTop = from;
    else if (from + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = from + rowHeight - element.clientHeight;
  };

  const pressed = (event: KeyboardEvent): void => {
    const at = indexOf(tail, chosen);
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: Math.max(0, at - 1),
      PageDown: Math.min(total - 1, at + page),
      PageUp: Math.max(0, at - page),
      Home: 0,
      End: total - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };

  const drawn = [];
  for (let index = first; index < last; index++) {
    const row = tail.rows.at(total - 1 - index);
    if (row === undefined) continue;
    const { message } = row;
    drawn.push(
      // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the list has the focus and its keys, as the pattern of a listbox has it.
      <div
        key={message.cursor}
        id={`row-${message.cursor}`}
        role="option"
        class="row"
        aria-selected={row === chosen}
        style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
        onClick={() => onChoose(row)}
      >
        <time dateTime={message.timestamp}>{clock(message.timestamp)}</time>
        <span class="row-topic">{message.topic}</span>
        <span class="row-data">{preview(message.data)}</span>
      </div>,
    );
  }
  const active = chosen === undefined ? undefined : `row-${chosen.message.cursor}`;
  return (
    <div class="rows" ref={frame} onScroll={scrolled}>
      <div
        role="listbox"
        tabIndex={0}
        aria-label="Messages, newest first"
        aria-activedescendant={drawn.some(({ props }) => props.id === active) ? active : undefined}
        class="rows-all mono"
        style={{ height: `${total * rowHeight}px` }}
        onKeyDown={pressed}
      >
        {drawn}
      </div>
      <div class="rows-foot">{foot}</div>
    </div>
  );
};
