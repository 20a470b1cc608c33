// The connection: which transport messages flow over, when it is tried again, and what its end means (5.3, 6.3.2, 8.2.1). It knows of sockets only that they open
// and end, and of polls only whether the server answers them; what flows is the feed's business.
import type { ClientOptions, Environment, State } from './api.ts';
import type { Call } from './calls.ts';
import type { Credentials } from './credentials.ts';
import { asError, ended, expired, GodwitError, noAnswer } from './errors.ts';
import { CHECK_MS, RENEWALS, STEADY_MS, STRAY_MS, UPGRADE_MAX_MS } from './figures.ts';
import { surroundings } from './surroundings.ts';
import { NO_WELCOME, Socket, type SocketEnd, type SocketEvent } from './transports/websocket.ts';
import { Alarm, reconnectWait } from './waits.ts';

/** What takes the messages. Told of one transport at a time. */
export interface Flow {
  /** Messages are to come over this socket from now on. */
  overSocket(socket: Socket): void;
  /** Messages are to be polled for from now on. */
  overPolls(): void;
  /** There is no transport for now. */
  stop(): void;
  event(event: SocketEvent, bytes: number): void;
  notice(name: string, data: Record<string, unknown>): void;
}

export interface ConnectionOptions {
  readonly environment: Environment;
  readonly url: string;
  readonly transport: NonNullable<ClientOptions['transport']>;
  readonly credentials: Credentials;
  /** Asks over HTTP, once. */
  readonly probe: () => Promise<unknown>;
  /** Asks over the socket. */
  readonly call: Call;
  readonly flow: Flow;
  readonly changed: (state: State) => void;
  readonly failed: (error: unknown) => void;
}

export interface Connection {
  readonly state: State;
  /** The socket that requests may go over. */
  readonly socket: Socket | undefined;
  /** Begins to connect, if that was not done yet. */
  open(): void;
  close(error?: GodwitError): void;
  /** A poll was not answered: long-polling does not work any more. */
  lost(error: unknown): void;
}

export const connectionOf = (options: ConnectionOptions): Connection => {
  const { environment, url, transport, credentials, probe, call, flow, changed, failed } = options;
  const { clock, random } = environment;
  let state: State = { status: 'idle', transport: undefined, error: undefined };
  let socket: Socket | undefined;
  /** One is being opened, and waits for its credentials. */
  let isOpening = false;
  /** Attempts of a WebSocket that failed in a row. */
  let failures = 0;
  let renewals = 0;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let openedAt = 0;
  let gaveUpAt = Number.NEGATIVE_INFINITY;
  let goAwayMs: number | undefined;
  /** Probes that failed in a row. */
  let misses = 0;
  let isProbing = false;
  /** The server answered as one of ours: the url is right, and a page of something else says nothing of it. */
  let hasAnswered = false;
  /** What the server answers over HTTP, while there is no WebSocket. */
  let hasFallenBack = false;
  let leave = (): void => {};
  const socketAlarm = new Alarm(clock);
  const probeAlarm = new Alarm(clock);
  const renewAlarm = new Alarm(clock);

  const isClosed = (): boolean => state.status === 'closed';
  const openSocket = (): Socket | undefined => (socket?.isOpen ? socket : undefined);
  const wait = (times: number, max?: number): number => reconnectWait(times, random, max);

  const set = (status: State['status'], over?: State['transport'], error?: GodwitError): void => {
    const before = state;
    if (isClosed()) return;
    state = { status, transport: over, error };
    if (status !== before.status || over !== before.transport || error?.message !== before.error?.message) changed(state);
  };

  /** Messages do not flow; it is being tried. */
  const down = (error: GodwitError): void => set(state.status === 'connecting' ? 'connecting' : 'reconnecting', undefined, error);

  const close = (error?: GodwitError): void => {
    if (isClosed()) return;
    leave();
    socketAlarm.clear();
    probeAlarm.clear();
    set('closed', undefined, error);
    flow.stop();
    socket?.close();
  };

  const trySocket = async (): Promise<void> => {
    let credential: string | undefined;
    isOpening = true;
    try {
      credential = await credentials.current();
    } catch (error) {
      return noCredentials(error);
    } finally {
      isOpening = false;
    }
    if (isClosed()) return;
    goAwayMs = undefined;
    try {
      const tried: Socket = new Socket(environment, url, credential, {
        welcome: () => welcomed(tried),
        event: (event, bytes) => flow.event(event, bytes),
        notice: noticed,
        end: socketEnded,
      });
      socket = tried;
    } catch (error) {
      // The runtime has no WebSocket, or makes none of this url, as browsers do where the page is secure and the url is not.
      socketFailed(asError(error));
    }
  };

  const welcomed = (greeted: Socket): void => {
    openedAt = clock.now();
    hasAnswered = true;
    renewals = 0;
    misses = 0;
    hasFallenBack = false;
    probeAlarm.clear();
    flow.stop();
    set('open', 'websocket');
    flow.overSocket(greeted);
  };

  const noticed = (name: string, data: Record<string, unknown>, timestamp: string): void => {
    if (name === 'goaway') goAwayMs = Number(data['reconnectAfterMs']) || 0;
    else if (name === 'expiring') expiring(Date.parse(data['expiresAt'] as string) - Date.parse(timestamp));
    else flow.notice(name, data);
  };

  /** The warning comes a minute ahead (5.4). One of a token that lives no longer than that follows its renewal at once: half of its life is waited for then, else there is no end of it. */
  const expiring = (left: number): void => {
    if (clock.now() - renewedAt < left) renewAlarm.set(left / 2, () => void renew());
    else void renew();
  };

  const renew = async (): Promise<void> => {
    if (!credentials.canRenew) return;
    renewedAt = clock.now();
    try {
      await call('POST', '/session', { data: { token: await credentials.renew() } });
    } catch (error) {
      // Without a WebSocket there is no session to renew; the next one begins with the new token.
      if (!isClosed() && (error as GodwitError).code !== 'WEBSOCKET_REQUIRED') failed(error);
    }
  };

  const socketEnded = ({ code, reason, welcomed }: SocketEnd): void => {
    socket = undefined;
    renewAlarm.clear();
    if (isClosed()) return;
    if (welcomed) {
      flow.stop();
      if (clock.now() - openedAt >= STEADY_MS) failures = 0;
    }
    if (reason === NO_WELCOME) gaveUpAt = clock.now();
    const error = noAnswer(`The connection has ended: ${code} ${reason}`);
    const hundred = Math.trunc(code / 100);
    // All attempts are one instance: one that was given up and came late to the server replaced this, and nobody holds it (5.5). What that is gets replaced in turn.
    const isByStray = code === 4301 && clock.now() - gaveUpAt < STRAY_MS;
    if (hundred === 43 && !isByStray) {
      close(
        code === 4301
          ? ended('Replaced by a newer connection.')
          : new GodwitError({ code: 'UNAUTHENTICATED', message: 'The credentials were refused.' }, { status: 401 }),
      );
    } else if (hundred === 42) {
      down(error);
      if (credentials.canRenew) void withNewCredentials();
      else close(expired());
    } else if (!welcomed && !(hundred >= 40 && hundred <= 43) && code !== 1012) socketFailed(error);
    else {
      down(error);
      // What lets WebSockets open and kills them young is as good as none: messages are polled for while the next is waited for (6.3.2).
      if (code === 1006 && failures > 1 && transport === 'auto') fallBack();
      const isSoon = code < 1003 || code === 1006 || code === 1012 || hundred === 40;
      if (code === 1012 && goAwayMs !== undefined) socketIn(goAwayMs + random() * 1000);
      else socketIn(wait(isSoon ? failures++ : ++failures));
    }
  };

  const withNewCredentials = async (): Promise<void> => {
    try {
      await credentials.renew();
      socketIn(renewals++ < RENEWALS ? random() * 1000 : wait(++failures));
    } catch (error) {
      noCredentials(error);
    }
  };

  /** They cannot be had, which no promise carries. */
  const noCredentials = (error: unknown): void => {
    if (isClosed()) return;
    failed(error);
    retrySocket(asError(error));
  };

  /** It could not be opened: messages go on by long-polling from the first such failure on (6.3.2), and it is tried again, less and less often. */
  const socketFailed = (error: GodwitError): void => {
    retrySocket(error);
    if (transport === 'auto' && !hasFallenBack) fallBack();
  };

  const retrySocket = (error: GodwitError): void => {
    failures++;
    if (!hasFallenBack) down(error);
    socketIn(wait(failures, hasFallenBack ? UPGRADE_MAX_MS : undefined));
  };

  const socketIn = (ms: number): void => {
    if (isClosed()) return;
    socketAlarm.set(ms, () => {
      // Two at once would be one instance, and the second would end the first with 4301 (5.5).
      if (!socket && !isOpening) void trySocket();
    });
  };

  const fallBack = (): void => {
    if (isProbing) return;
    probeAlarm.clear();
    void tryPolls();
  };

  /** Asks whether the server answers over HTTP and takes the credentials. */
  const tryPolls = async (): Promise<void> => {
    isProbing = true;
    try {
      await probe();
      isProbing = false;
      hasAnswered = true;
      if (isClosed() || openSocket()) return;
      const wasUnreachable = misses > 0;
      misses = 0;
      hasFallenBack = true;
      set('open', 'longpoll');
      flow.overPolls();
      // What kept the socket from opening may have been the same that kept the server from answering.
      if (wasUnreachable && transport === 'auto') {
        failures = 0;
        if (!socket) socketIn(wait(0));
      }
    } catch (error) {
      isProbing = false;
      if (!openSocket()) tryPollsLater(error);
    }
  };

  const tryPollsLater = (error: unknown): void => {
    if (isClosed()) return;
    const failure = asError(error);
    const { status, code, details } = failure;
    // With a socket still to be tried a page that is no answer of ours says nothing of it, nor where there was an answer before.
    if (
      (status === 401 && !credentials.canRenew) ||
      code === 'FORBIDDEN' ||
      code === 'UNSUPPORTED_VERSION' ||
      (code === 'PROTOCOL' && transport === 'longpoll' && !hasAnswered)
    )
      return close(failure);
    misses++;
    down(failure);
    probeAlarm.set(Math.max(wait(misses), details.retryAfterMs ?? 0), () => void tryPolls());
  };

  /** The network is back, or somebody looks again: what waits is tried now, and what seems open is asked whether it is. */
  const look = (): void => {
    if (isClosed()) return;
    const open = openSocket();
    if (open) {
      open
        .ask('GET', '', undefined, undefined, CHECK_MS)
        .catch((error: unknown) => error instanceof GodwitError && error.code === 'CLIENT_TIMEOUT' && open.abandon('silent'));
      return;
    }
    failures = 0;
    misses = 0;
    if (transport !== 'longpoll' && !socket) socketIn(0);
    if (hasFallenBack) {
      // What is parked may be parked on a network that is gone.
      flow.stop();
      flow.overPolls();
    } else if (transport !== 'websocket') fallBack();
  };

  return {
    get state() {
      return state;
    },
    get socket() {
      return openSocket();
    },
    open() {
      if (state.status !== 'idle') return;
      set('connecting');
      leave = surroundings(look);
      if (transport === 'longpoll') fallBack();
      else void trySocket();
    },
    close,
    lost(error) {
      if (!hasFallenBack) return;
      hasFallenBack = false;
      flow.stop();
      tryPollsLater(error);
    },
  };
};
