// How the connection stands, in one line that is always there and is told when it changes.
import { useEffect, useState } from 'preact/hooks';
import { session, standing } from './session.ts';

const NAMES = { websocket: 'WebSocket', longpoll: 'long-polling' } as const;

const useOnline = (): boolean => {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const change = (): void => setOnline(navigator.onLine);
    addEventListener('online', change);
    addEventListener('offline', change);
    return () => {
      removeEventListener('online', change);
      removeEventListener('offline', change);
    };
  }, []);
  return online;
};

export const StateLine = () => {
  const online = useOnline();
  const { status, transport } = standing.value;
  const [tone, text] = !online
    ? (['bad', 'Offline'] as const)
    : status === 'open'
      ? (['good', `Connected, ${transport === undefined ? '' : NAMES[transport]}`] as const)
      : status === 'reconnecting'
        ? (['warn', 'Reconnecting'] as const)
        : status === 'closed'
          ? (['bad', 'Closed'] as const)
          : (['warn', 'Connecting'] as const);
  if (session.value === undefined) return null;
  return (
    <p class={`state-line ${tone}`} role="status" data-status={status} data-transport={transport}>
      <span class="dot" aria-hidden="true" />
      {text}
    </p>
  );
};
