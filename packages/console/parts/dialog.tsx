// A question or a form in front of the page, on the browser's own dialog: it keeps the focus, Escape closes it, and the focus goes back to where it was.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Button } from './controls.tsx';
import { FailureLine } from './states.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly wide?: boolean;
  /** What may be lost is not closed by a slip. */
  readonly firm?: boolean;
}

export const Dialog = ({ title, onClose, children, wide = false, firm = false }: DialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!firm) onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        {!firm && (
          <Button kind="quiet" onClick={onClose} label="Close">
            ×
          </Button>
        )}
      </div>
      {children}
    </dialog>
  );
};

export interface FormDialogProps {
  readonly title: string;
  readonly verb: string;
  readonly children: ComponentChildren;
  readonly act: () => unknown;
  readonly onClose: () => void;
  /** Whether what is written can be sent. */
  readonly ready?: boolean;
  readonly kind?: 'primary' | 'danger';
  readonly wide?: boolean;
}

/** A form to fill in and send, once; stays open with what went wrong. */
export const FormDialog = ({ title, verb, children, act, onClose, ready = true, kind = 'primary', wide = false }: FormDialogProps) => {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      await act();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) void send();
        }}
      >
        <div class="dialog-body">
          {children}
          <FailureLine error={error} />
        </div>
        <div class="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={kind} disabled={!ready || busy}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

export type ConfirmProps = Pick<FormDialogProps, 'title' | 'verb' | 'children' | 'act' | 'onClose'>;

/** Asks before what cannot be undone. */
export const Confirm = ({ act, onClose, ...props }: ConfirmProps) => (
  <FormDialog
    {...props}
    kind="danger"
    onClose={onClose}
    act={async () => {
      await act();
      onClose();
    }}
  />
);
