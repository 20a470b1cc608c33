// What a browser tells of the network and of who looks at the page: the moments at which waiting makes no sense any more.

export interface Surroundings {
  /** Calls `again` when the network is back or the page is visible again; the function that it returns ends that. */
  listen(again: () => void): () => void;
}

export const surroundings: Surroundings = {
  listen(again) {
    const page = globalThis as Partial<Pick<typeof globalThis, 'addEventListener' | 'removeEventListener' | 'document'>>;
    const visible = (): void => {
      if (page.document?.visibilityState === 'visible') again();
    };
    page.addEventListener?.('online', again);
    page.document?.addEventListener('visibilitychange', visible);
    return () => {
      page.removeEventListener?.('online', again);
      page.document?.removeEventListener('visibilitychange', visible);
    };
  },
};
