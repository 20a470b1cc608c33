// Who one is here: the client, its scopes and limits; how messages are carried; light or dark; the way out.
import { Button, Choice, Tag } from '../parts/controls.tsx';
import { count, moment } from '../parts/format.ts';
import { leave, serverUrl, standing, TRANSPORTS, type Transport, transport, useTransport, who } from './session.ts';
import { choose, THEMES, theme } from './theme.ts';

const TRANSPORT_NAMES: Readonly<Record<Transport, string>> = {
  auto: 'WebSocket, else long-polling',
  websocket: 'WebSocket only',
  longpoll: 'Long-polling only',
};
const THEME_NAMES = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;

export const YouPage = () => {
  const me = who.value;
  if (me === undefined) return null;
  const { error } = standing.value;
  return (
    <div class="page">
      <div class="page-main">
        <header class="page-head">
          <h1>You</h1>
          <div class="grow" />
          <Button onClick={() => leave()}>Sign out</Button>
        </header>
        <div class="columns">
          <section class="card" aria-label="Credentials">
            <h2>Credentials</h2>
            <dl class="facts">
              <dt>Server</dt>
              <dd>
                <code>{serverUrl()}</code>
              </dd>
              <dt>Client</dt>
              <dd>
                <code>{me.client}</code>
              </dd>
              <dt>{me.sub === null ? 'Key' : 'Token of key'}</dt>
              <dd>
                <code>{me.keyId}</code>
              </dd>
              <dt>Expires</dt>
              <dd>{me.expiresAt === null ? 'never' : moment(me.expiresAt)}</dd>
              <dt>Scopes</dt>
              <dd class="tags">
                {me.scopes.map((scope) => (
                  <Tag key={scope}>{scope}</Tag>
                ))}
                {me.scopes.length === 0 && 'none'}
              </dd>
            </dl>
          </section>
          <section class="card" aria-label="Limits">
            <h2>Limits in force</h2>
            <dl class="facts">
              <dt>Operations</dt>
              <dd>{count(me.limits['operationsPerMinute'] ?? 0)} per minute</dd>
              <dt>Messages</dt>
              <dd>{count(me.limits['messagesPerSecond'] ?? 0)} per second and WebSocket</dd>
              <dt>Connections</dt>
              <dd>{count(me.limits['connectionsPerClient'] ?? 0)} at once</dd>
            </dl>
          </section>
          <section class="card" aria-label="This page">
            <h2>This page</h2>
            <Choice
              label="Messages come over"
              value={transport.value}
              options={TRANSPORTS.map((one) => [one, TRANSPORT_NAMES[one]] as const)}
              onChange={(next) => void useTransport(next)}
            />
            {error !== undefined && <p class="hint">Last trouble: {error.message}</p>}
            <Choice label="Colours" value={theme.value} options={THEMES.map((one) => [one, THEME_NAMES[one]] as const)} onChange={choose} />
          </section>
        </div>
      </div>
    </div>
  );
};
