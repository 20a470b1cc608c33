// The small things that pages are made of: buttons, fields, tags, what can be copied. They draw; they ask nothing.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly type?: 'button' | 'submit';
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly label?: string;
}

export const Button = ({ children, onClick, kind = 'plain', type = 'button', disabled = false, pressed, label }: ButtonProps) => (
  <button type={type} class={`button ${kind}`} disabled={disabled} aria-pressed={pressed} aria-label={label} onClick={onClick}>
    {children}
  </button>
);

export interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly hidden?: boolean;
  readonly children: (ids: { readonly id: string; readonly 'aria-describedby': string | undefined; readonly 'aria-invalid': boolean }) => JSX.Element;
}

/** A control with its label, and what is said of it. `hidden` keeps the label for those who hear it. */
export const Field = ({ label, hint, error, hidden = false, children }: FieldProps) => {
  const id = useId();
  const about = error !== undefined || hint !== undefined ? `${id}-about` : undefined;
  return (
    <div class="field">
      <label for={id} class={hidden ? 'unseen' : ''}>
        {label}
      </label>
      {children({ id, 'aria-describedby': about, 'aria-invalid': error !== undefined })}
      {about !== undefined && (
        <p id={about} class={error === undefined ? 'hint' : 'hint wrong'}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
};

export interface TextProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly hidden?: boolean;
  readonly placeholder?: string;
  readonly type?: 'text' | 'password' | 'search' | 'number' | 'datetime-local';
  readonly mono?: boolean;
  readonly list?: string;
  readonly autoFocus?: boolean;
}

export const TextField = ({ label, value, onInput, hint, error, hidden, placeholder, type = 'text', mono = false, list, autoFocus = false }: TextProps) => {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (autoFocus) input.current?.focus();
  }, [autoFocus]);
  return (
    <Field label={label} hint={hint} error={error} {...(hidden === undefined ? {} : { hidden })}>
      {(ids) => (
        <input
          {...ids}
          ref={input}
          // What may be written into each kind is alike here; the types of the attributes are not.
          type={type as 'text'}
          class={mono ? 'mono' : ''}
          value={value}
          placeholder={placeholder}
          list={list}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
};

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly onChange: (value: T) => void;
  readonly hidden?: boolean;
}

export const Choice = <T extends string>({ label, value, options, onChange, hidden }: ChoiceProps<T>) => (
  <Field label={label} {...(hidden === undefined ? {} : { hidden })}>
    {(ids) => (
      <select {...ids} value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    )}
  </Field>
);

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';
export const Tag = ({ children, tone = 'plain' }: { readonly children: ComponentChildren; readonly tone?: Tone }) => (
  <span class={`tag ${tone}`}>{children}</span>
);

/** How long "Copied" is said. */
const SAID_MS = 1500;

const copyText = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS a browser has no clipboard for pages, but still copies what is selected.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'unseen';
    const place = document.activeElement?.closest('dialog') ?? document.body;
    const focused = document.activeElement;
    place.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return copied;
  }
};

/** Copies `text`; `label` says what it is. */
export const Copy = ({ text, label }: { readonly text: string; readonly label: string }) => {
  const [said, setSaid] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    setSaid((await copyText(text)) ? 'Copied' : 'Could not copy');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSaid(''), SAID_MS);
  };
  return (
    <button type="button" class="copy" aria-label={said === '' ? `Copy ${label}` : `${said}: ${label}`} title={`Copy ${label}`} onClick={() => void copy()}>
      <span class="copy-mark" aria-hidden="true">
        {said === '' ? 'Copy' : said}
      </span>
    </button>
  );
};
