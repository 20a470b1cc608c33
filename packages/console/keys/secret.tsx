// A secret, shown this once, with what to do with it ready to paste.
import { useState } from 'preact/hooks';
import { serverUrl } from '../frame/session.ts';
import { Button, Copy } from '../parts/controls.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { moment } from '../parts/format.ts';
import { Notice } from '../parts/states.tsx';
import { snippets } from './snippets.ts';

export interface SecretProps {
  readonly kind: 'key' | 'token';
  readonly secret: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: string;
  readonly onClose: () => void;
}

export const SecretDialog = ({ kind, secret, scopes, expiresAt, onClose }: SecretProps) => {
  const shown = snippets(serverUrl(), secret, scopes, kind === 'token');
  const [tab, setTab] = useState(shown[0]?.name ?? '');
  const snippet = shown.find(({ name }) => name === tab);
  return (
    <Dialog title={kind === 'key' ? 'The new key' : 'The new token'} onClose={onClose} wide firm>
      <div class="dialog-body">
        <Notice tone="warn" live={false}>
          {kind === 'key'
            ? 'This is shown once. The server keeps only a hash of it.'
            : `The server does not keep it. It expires at ${expiresAt === undefined ? 'its time' : moment(expiresAt)}.`}
        </Notice>
        <div class="secret">
          <code data-secret>{secret}</code>
          <Copy text={secret} label={kind} />
        </div>
        <div class="tabs">
          {shown.map(({ name }) => (
            <Button key={name} kind="quiet" pressed={name === tab} onClick={() => setTab(name)}>
              {name}
            </Button>
          ))}
          <div class="grow" />
          {snippet !== undefined && <Copy text={snippet.text} label={`the lines for ${snippet.name}`} />}
        </div>
        <pre class="snippet">{snippet?.text}</pre>
      </div>
      <div class="dialog-foot">
        <Button kind="primary" onClick={onClose}>
          I have kept it
        </Button>
      </div>
    </Dialog>
  );
};
