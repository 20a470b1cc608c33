// What a browser tells of the network and of who looks at the page: the moments at which waiting makes no sense any more.

/** Calls `again` when the network is back or the page is visible again; the function that it returns ends that. */
export const surroundings = (again: () => void): (() => void) => {
  const page = globalThis as Partial<Pick<typeof globalThis, 'addEventListener' | 'document'>>;
  const visible = (): void => {
    if (page.document?.visibilityState === 'visible') again();
  };
  const ending = new AbortController();
  page.addEventListener?.('online', again, ending);
  page.document?.addEventListener('visibilitychange', visible, ending);
  return () => ending.abort();
};
