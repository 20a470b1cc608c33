// The figures since the console was opened, whichever page is shown: a look every two seconds, ten minutes kept. Only for administrators; who may not look costs nothing.
import { effect, signal } from '@preact/signals';
import { client, may, session } from '../frame/session.ts';
import { type Figures, figures, type Look, type Stats } from './figures.ts';

const EVERY_MS = 2000;
const MOST = 300;

export const history = signal<readonly Figures[]>([]);
export const latest = signal<Stats | undefined>(undefined);
/** What the last look failed with. */
export const trouble = signal<unknown>(undefined);

let before: Look | undefined;

const look = async (signal: AbortSignal): Promise<void> => {
  const { data } = await client().request<Stats>('GET', '/stats', { signal });
  const after: Look = { at: Date.now(), stats: data };
  const point = before === undefined ? undefined : figures(before, after);
  before = after;
  latest.value = data;
  trouble.value = undefined;
  if (point !== undefined) history.value = [...history.value, point].slice(-MOST);
};

/** Looks from now on, for whoever is signed in and may. */
export const startLooking = (): void => {
  effect(() => {
    if (session.value === undefined || !may('admin')) return;
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    history.value = [];
    latest.value = undefined;
    before = undefined;
    const run = (): void => {
      const again = (): void => {
        if (!ending.signal.aborted) timer = setTimeout(run, EVERY_MS);
      };
      if (document.hidden) return again();
      look(ending.signal)
        .catch((error: unknown) => {
          if (!ending.signal.aborted) trouble.value = error;
        })
        .finally(again);
    };
    // Not within the effect: what a look reads must not make it run again.
    timer = setTimeout(run, 0);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  });
};
