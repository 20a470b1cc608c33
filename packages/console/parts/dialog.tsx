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
  /** Whether what is written can be sent. */
  readonly ready: boolean;
  readonly act: () => unknown;
  readonly onClose: () => void;
  readonly wide?: boolean;
}

/** A form to fill in and send; stays open with what went wrong. */
export const FormDialog = ({ title, verb, children, ready, act, onClose, wide = false }: FormDialogProps) => {
  const [error, setError] = useState<unknown>();
  const send = async (): Promise<void> => {
    try {
      await act();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void send();
        }}
      >
        <div class="dialog-body">
          {children}
          <FailureLine error={error} />
        </div>
        <div class="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={!ready}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

export interface ConfirmProps {
  readonly title: string;
  readonly verb: string;
  readonly children: ComponentChildren;
  readonly act: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before what cannot be undone; stays open with what went wrong. */
export const Confirm = ({ title, verb, children, act, onClose }: ConfirmProps) => {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const carryOut = async (): Promise<void> => {
    setBusy(true);
    try {
      await act();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="dialog-body">
        {children}
        <FailureLine error={error} />
      </div>
      <div class="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" disabled={busy} onClick={() => void carryOut()}>
          {verb}
        </Button>
      </div>
    </Dialog>
  );
};
