// What is shown in place of content: nothing here, on its way, not allowed, out of reach, failed. Each says what to do about it.
import { GodwitError } from '@godwit/client';
import { ERRORS, type ErrorCode } from '@godwit/protocol';
import type { ComponentChildren } from 'preact';
import { Button } from './controls.tsx';

/** `whole`: it is all that the page has, so its title is the page's. */
export const Empty = ({ title, children, whole = false }: { readonly title: string; readonly children?: ComponentChildren; readonly whole?: boolean }) => (
  <div class="state">
    {whole ? <h1 class="state-title">{title}</h1> : <p class="state-title">{title}</p>}
    {children !== undefined && <div class="state-text">{children}</div>}
  </div>
);

export const Loading = ({ what }: { readonly what: string }) => (
  <div class="state" role="status">
    <span class="pulse" aria-hidden="true" />
    <p class="state-text">Loading {what}</p>
  </div>
);

const isOutOfReach = (error: unknown): boolean =>
  error instanceof GodwitError && (error.code === 'NETWORK' || error.code === 'CLIENT_TIMEOUT' || error.code === 'UNAVAILABLE');

/** The title and the text of anything that failed. */
export const explain = (error: unknown): { readonly title: string; readonly text: string; readonly remedy: string | undefined } => {
  if (!(error instanceof GodwitError)) return { title: 'This did not work', text: error instanceof Error ? error.message : String(error), remedy: undefined };
  if (isOutOfReach(error))
    return { title: 'The server cannot be reached', text: error.message, remedy: 'It is tried again by itself as long as this page is open.' };
  if (error.code === 'FORBIDDEN') {
    const { scope } = error.details;
    return {
      title: 'Not allowed',
      text: typeof scope === 'string' ? `This needs the scope ${scope}.` : error.message,
      remedy: 'Sign in with a key that has it, or ask an administrator.',
    };
  }
  const entry = ERRORS[error.code as ErrorCode] as (typeof ERRORS)[ErrorCode] | undefined;
  return { title: error.message, text: `${error.code}${error.status === 0 ? '' : `, status ${error.status}`}`, remedy: entry?.remedy };
};

/** Fills the place of content that could not be had. */
export const Failure = ({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) => {
  const { title, text, remedy } = explain(error);
  return (
    <div class="state failed" role="alert">
      <p class="state-title">{title}</p>
      <div class="state-text">
        <p>{text}</p>
        {remedy !== undefined && <p>{remedy}</p>}
      </div>
      {onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
};

/** One line above content that is still there. */
export const Notice = ({
  tone = 'plain',
  children,
  live = true,
}: {
  readonly tone?: 'plain' | 'warn' | 'bad' | 'good';
  readonly children: ComponentChildren;
  readonly live?: boolean;
}) => (
  <div class={`notice ${tone}`} role={!live ? undefined : tone === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);

/** What went wrong, on one line. */
export const FailureLine = ({ error }: { readonly error: unknown }) => {
  if (error === undefined) return null;
  const { title, text, remedy } = explain(error);
  const fields = error instanceof GodwitError ? (error.details.errors ?? []) : [];
  return (
    <Notice tone="bad">
      <strong>{title}</strong> {fields.length === 0 ? text : ''}
      {fields.length > 0 ? (
        <ul class="faults">
          {fields.map(({ field, message }) => (
            <li key={`${field} ${message}`}>
              <code>{field}</code> {message}
            </li>
          ))}
        </ul>
      ) : (
        remedy !== undefined && <span> {remedy}</span>
      )}
    </Notice>
  );
};

export interface ShownProps<T> {
  readonly asked: { readonly data: T | undefined; readonly error: unknown; readonly loading: boolean; reload(): void };
  readonly what: string;
  readonly children: (data: T) => ComponentChildren;
}

/** Content that is asked for, in whichever state it is; what was there stays under a line that says that it is old. */
export const Shown = <T,>({ asked, what, children }: ShownProps<T>) => {
  const { data, error, loading, reload } = asked;
  if (loading) return <Loading what={what} />;
  if (data === undefined) return <Failure error={error} onRetry={reload} />;
  return (
    <>
      {error !== undefined && <Notice tone="warn">What is shown may be old: {explain(error).title.toLowerCase()}.</Notice>}
      {children(data)}
    </>
  );
};
