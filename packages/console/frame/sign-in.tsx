// Where one begins: a key or token, tried against the server before anything else is shown.
import { CREDENTIAL_CHARACTERS, isCredential } from '@godwit/protocol';
import { useState } from 'preact/hooks';
import { Button, TextField } from '../parts/controls.tsx';
import { explain, Notice } from '../parts/states.tsx';
import { farewell, serverUrl, signIn } from './session.ts';

const sentence = (error: unknown): string => {
  const { code } = error as { code?: string };
  if (code === 'UNAUTHENTICATED') return 'The server does not know this key or token.';
  if (code === 'TOKEN_EXPIRED') return 'This token has expired.';
  const { title, text, remedy } = explain(error);
  return [title, text, remedy].filter((part) => part !== undefined).join('. ');
};

export const SignIn = () => {
  const [credential, setCredential] = useState('');
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const enter = async (): Promise<void> => {
    if (!isCredential(credential.trim())) return setWrong(`This can be no key or token: they have only the characters ${CREDENTIAL_CHARACTERS}`);
    setBusy(true);
    setWrong(undefined);
    try {
      await signIn(credential);
    } catch (error) {
      setWrong(sentence(error));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <p class="brand">
          <Mark /> Godwit
        </p>
        <h1>Sign in</h1>
        <p class="muted">
          to <code>{serverUrl()}</code>
        </p>
        {farewell.value !== undefined && <Notice tone="warn">{farewell.value}</Notice>}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (credential.trim() !== '' && !busy) void enter();
          }}
        >
          <TextField
            label="API key or token"
            type="password"
            mono
            value={credential}
            onInput={setCredential}
            autoFocus
            error={wrong}
            hint="The first start of the server printed an admin key. It is kept for this tab only, until you sign out or close it."
          />
          <Button type="submit" kind="primary" disabled={credential.trim() === '' || busy}>
            {busy ? 'Signing in' : 'Sign in'}
          </Button>
        </form>
      </div>
    </main>
  );
};

export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
    <rect width="32" height="32" rx="7" />
    <path d="M6 17.5c2.5 0 3.6-7.5 6.2-7.5s3.3 12 6 12 3.2-8 7.8-8.5" />
  </svg>
);
