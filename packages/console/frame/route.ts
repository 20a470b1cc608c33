// The address as state: which page is shown, and of what. Links are real links; a click on one that stays within /console is taken here.
import { signal } from '@preact/signals';

const BASE = '/console';

export interface Route {
  /** `live`, `documents`, ...; the empty string is the beginning. */
  readonly page: string;
  /** The segments behind it, decoded. */
  readonly rest: readonly string[];
}

/** Reads a path; what is not below the base is the beginning. */
const readRoute = (pathname: string): Route => {
  const segments = pathname.startsWith(`${BASE}/`) ? pathname.slice(BASE.length + 1).split('/') : [];
  const [page = '', ...rest] = segments
    .filter((segment) => segment !== '')
    .map((segment) => {
      try {
        return decodeURIComponent(segment);
      } catch {
        return segment;
      }
    });
  return { page, rest };
};

export const pathTo = (page: string, ...rest: readonly string[]): string => [BASE, page, ...rest.map(encodeURIComponent)].join('/');

export const route = signal<Route>({ page: '', rest: [] });

/** Asked before another page is shown; false keeps the present one. */
let guard: (() => boolean) | undefined;
export const guardLeaving = (ask: (() => boolean) | undefined): void => {
  guard = ask;
};

const take = (): void => {
  route.value = readRoute(location.pathname);
};

export const go = (path: string, how: 'push' | 'replace' = 'push'): void => {
  if (path === location.pathname) return;
  if (how === 'push' && guard !== undefined && !guard()) return;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', path);
  take();
};

const isPlain = (event: MouseEvent): boolean => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

export const startRouting = (): void => {
  take();
  addEventListener('popstate', take);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
    if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || !isPlain(event) || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    go(link.pathname);
  });
};
