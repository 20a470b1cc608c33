// Asking the server from a page: what came, what failed, asked again at times or when something changes. What was there stays while it is asked anew, so that
// nothing flickers; what nobody waits for any more is given up.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Asked<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  /** Under way with nothing to show yet. */
  readonly loading: boolean;
  reload(): void;
}

interface Outcome<T> {
  readonly of: string;
  readonly data: T | undefined;
  readonly error: unknown;
}

/**
 * `key` names what is asked: another key begins anew. `every`: milliseconds until it is asked again, while the page can be seen.
 */
export const useAsk = <T>(key: string, ask: (signal: AbortSignal) => Promise<T>, every?: number): Asked<T> => {
  const [outcome, setOutcome] = useState<Outcome<T>>({ of: '', data: undefined, error: undefined });
  const [turn, setTurn] = useState(0);
  const asking = useRef(ask);
  asking.current = ask;
  useEffect(() => {
    const ending = new AbortController();
    let asked = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (): void => {
      if (every !== undefined && !ending.signal.aborted) timer = setTimeout(run, every);
    };
    const run = (): void => {
      if (document.hidden && asked) {
        again();
        return;
      }
      asked = true;
      asking.current(ending.signal).then(
        (data) => {
          if (ending.signal.aborted) return;
          setOutcome({ of: key, data, error: undefined });
          again();
        },
        (error: unknown) => {
          if (ending.signal.aborted) return;
          setOutcome((before) => ({ of: key, data: before.of === key ? before.data : undefined, error }));
          again();
        },
      );
    };
    run();
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [key, turn, every]);
  const isCurrent = outcome.of === key;
  const data = isCurrent ? outcome.data : undefined;
  const error = isCurrent ? outcome.error : undefined;
  return { data, error, loading: data === undefined && error === undefined, reload: useCallback(() => setTurn((last) => last + 1), []) };
};
