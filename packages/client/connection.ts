// The connection: which transport messages flow over, when it is tried again, and what its end means (5.3, 6.3.2, 8.2.1). It knows of sockets only that they open
// and end, and of polls only whether the server answers them; what flows is the feed's business.
import type { ClientOptions, Environment, State } from './api.ts';
import type { Call } from './calls.ts';
import type { Credentials } from './credentials.ts';
import { asError, expired, GodwitError, noAnswer } from './errors.ts';
import type { Surroundings } from './surroundings.ts';
import { NO_WELCOME, Socket, type SocketEnd, type SocketEvent } from './transports/websocket.ts';
import { Alarm, reconnectWait, UPGRADE_MAX_MS } from './waits.ts';

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
  readonly surroundings: Surroundings;
  readonly changed: (state: State) => void;
  readonly failed: (error: unknown) => void;
}

/** A connection that lasted this long ended for a reason of its own: the next attempt is the first again. */
const STEADY_MS = 10_000;
/** How long a socket that is looked after (the page is visible again, the network is back) may take to answer. */
const CHECK_MS = 5000;
/** For how long an attempt that was given up may still be on its way: proxies wait about a minute for what they connect to. */
const STRAY_MS = 120_000;
/** How often in a row new credentials are got at once; then backing off. */
const RENEWALS = 2;

export class Connection {
  readonly #options: ConnectionOptions;
  #state: State = { status: 'idle', transport: undefined, error: undefined };
  #socket: Socket | undefined;
  /** One is being opened, and waits for its credentials. */
  #isOpening = false;
  /** Attempts of a WebSocket that failed in a row. */
  #failures = 0;
  #renewals = 0;
  #renewedAt = Number.NEGATIVE_INFINITY;
  readonly #renewTimer: Alarm;
  #openedAt = 0;
  #gaveUpAt = Number.NEGATIVE_INFINITY;
  #goAwayMs: number | undefined;
  readonly #socketTimer: Alarm;
  /** Probes that failed in a row. */
  #misses = 0;
  readonly #probeTimer: Alarm;
  #probing = false;
  /** The server answered as one of ours: the url is right, and a page of something else says nothing of it. */
  #hasAnswered = false;
  /** What the server answers over HTTP, while there is no WebSocket. */
  #fallenBack = false;
  #leave: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { clock } = options.environment;
    this.#socketTimer = new Alarm(clock);
    this.#probeTimer = new Alarm(clock);
    this.#renewTimer = new Alarm(clock);
  }

  get state(): State {
    return this.#state;
  }

  /** The socket that requests may go over. */
  get socket(): Socket | undefined {
    return this.#socket?.isOpen ? this.#socket : undefined;
  }

  /** Begins to connect, if that was not done yet. */
  open(): void {
    if (this.#state.status !== 'idle') return;
    this.#set('connecting');
    this.#leave = this.#options.surroundings.listen(() => this.#look());
    if (this.#options.transport === 'longpoll') this.#fallBack();
    else void this.#trySocket();
  }

  close(error?: GodwitError): void {
    if (this.#state.status === 'closed') return;
    this.#leave?.();
    this.#socketTimer.clear();
    this.#probeTimer.clear();
    this.#set('closed', undefined, error);
    this.#options.flow.stop();
    this.#socket?.close();
  }

  /** A poll was not answered: long-polling does not work any more. */
  lost(error: unknown): void {
    if (!this.#fallenBack || this.#isClosed) return;
    this.#fallenBack = false;
    this.#options.flow.stop();
    this.#probeLater(error);
  }

  #set(status: State['status'], transport?: State['transport'], error?: GodwitError): void {
    const before = this.#state;
    if (before.status === 'closed') return;
    this.#state = { status, transport, error };
    if (status !== before.status || transport !== before.transport || error?.message !== before.error?.message) this.#options.changed(this.#state);
  }

  get #isClosed(): boolean {
    return this.#state.status === 'closed';
  }

  async #trySocket(): Promise<void> {
    const { environment, url, credentials } = this.#options;
    let credential: string | undefined;
    this.#isOpening = true;
    try {
      credential = await credentials.current();
    } catch (error) {
      this.#noCredentials(error);
      return;
    } finally {
      this.#isOpening = false;
    }
    if (this.#isClosed) return;
    this.#goAwayMs = undefined;
    try {
      const socket: Socket = new Socket(environment, url, credential, {
        welcome: () => this.#welcomed(socket),
        event: (event, bytes) => this.#options.flow.event(event, bytes),
        notice: (name, data, timestamp) => this.#noticed(name, data, timestamp),
        end: (end) => this.#socketEnded(end),
      });
      this.#socket = socket;
    } catch (error) {
      // The runtime has no WebSocket, or makes none of this url, as browsers do where the page is secure and the url is not.
      this.#socketFailed(asError(error));
    }
  }

  #welcomed(socket: Socket): void {
    this.#openedAt = this.#options.environment.clock.now();
    this.#hasAnswered = true;
    this.#renewals = 0;
    this.#misses = 0;
    this.#fallenBack = false;
    this.#probeTimer.clear();
    this.#options.flow.stop();
    this.#set('open', 'websocket');
    this.#options.flow.overSocket(socket);
  }

  #noticed(name: string, data: Record<string, unknown>, timestamp: string): void {
    if (name === 'goaway') this.#goAwayMs = Number(data['reconnectAfterMs']) || 0;
    else if (name === 'expiring') this.#expiring(Date.parse(String(data['expiresAt'])) - Date.parse(timestamp));
    else this.#options.flow.notice(name, data);
  }

  /** The warning comes a minute ahead (5.4). One of a token that lives no longer than that follows its renewal at once: half of its life is waited for then, else there is no end of it. */
  #expiring(left: number): void {
    const { clock } = this.#options.environment;
    if (!(clock.now() - this.#renewedAt < left)) void this.#renew();
    else this.#renewTimer.set(left / 2, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { credentials, call, failed, environment } = this.#options;
    if (!credentials.canRenew) return;
    this.#renewedAt = environment.clock.now();
    try {
      await call('POST', '/session', { data: { token: await credentials.renew() } });
    } catch (error) {
      // Without a WebSocket there is no session to renew; the next one begins with the new token.
      if (!this.#isClosed && (error as GodwitError).code !== 'WEBSOCKET_REQUIRED') failed(error);
    }
  }

  #socketEnded({ code, reason, welcomed }: SocketEnd): void {
    this.#socket = undefined;
    this.#renewTimer.clear();
    if (this.#isClosed) return;
    const { environment, credentials, flow } = this.#options;
    if (welcomed) {
      flow.stop();
      if (environment.clock.now() - this.#openedAt >= STEADY_MS) this.#failures = 0;
    }
    const error = noAnswer(`The connection has ended: ${code} ${reason}`);
    if (reason === NO_WELCOME) this.#gaveUpAt = environment.clock.now();
    // All attempts are one instance: one that was given up and came late to the server replaced this, and nobody holds it (5.5). What that is gets replaced in turn.
    const isByStray = code === 4301 && environment.clock.now() - this.#gaveUpAt < STRAY_MS;
    if (code >= 4300 && code < 4400 && !isByStray) {
      this.close(
        code === 4301
          ? new GodwitError({ code: 'CLOSED', message: 'Replaced by a newer connection of the same instance.' })
          : new GodwitError({ code: 'UNAUTHENTICATED', message: 'The credentials were refused.' }, { status: 401 }),
      );
      return;
    }
    if (code >= 4200 && code < 4300) {
      this.#down(error);
      if (!credentials.canRenew) this.close(expired());
      else void this.#withNewCredentials();
      return;
    }
    if (!welcomed && !(code >= 4000 && code < 4400) && code !== 1012) {
      this.#socketFailed(error);
      return;
    }
    this.#down(error);
    // What lets WebSockets open and kills them young is as good as none: messages are polled for while the next is waited for (6.3.2).
    if (code === 1006 && this.#failures > 1 && this.#options.transport === 'auto') this.#fallBack();
    const soon = code < 1003 || code === 1006 || code === 1012 || (code >= 4000 && code < 4100);
    if (code === 1012 && this.#goAwayMs !== undefined) this.#socketIn(this.#goAwayMs + environment.random() * 1000);
    else this.#socketIn(this.#wait(soon ? this.#failures++ : ++this.#failures));
  }

  /** Messages do not flow; it is being tried. */
  #down(error: GodwitError): void {
    this.#set(this.#state.status === 'connecting' ? 'connecting' : 'reconnecting', undefined, error);
  }

  #wait(failures: number, max?: number): number {
    return reconnectWait(failures, this.#options.environment.random, max);
  }

  async #withNewCredentials(): Promise<void> {
    const { credentials, environment } = this.#options;
    try {
      await credentials.renew();
      this.#socketIn(this.#renewals++ < RENEWALS ? environment.random() * 1000 : this.#wait(++this.#failures));
    } catch (error) {
      this.#noCredentials(error);
    }
  }

  /** They cannot be had, which no promise carries. */
  #noCredentials(error: unknown): void {
    if (this.#isClosed) return;
    this.#options.failed(error);
    this.#retrySocket(asError(error));
  }

  /** It could not be opened: messages go on by long-polling from the first such failure on (6.3.2), and it is tried again, less and less often. */
  #socketFailed(error: GodwitError): void {
    this.#retrySocket(error);
    if (this.#options.transport === 'auto' && !this.#fallenBack) this.#fallBack();
  }

  #retrySocket(error: GodwitError): void {
    if (this.#isClosed) return;
    this.#failures++;
    if (!this.#fallenBack) this.#down(error);
    this.#socketIn(this.#wait(this.#failures, this.#fallenBack ? UPGRADE_MAX_MS : undefined));
  }

  #socketIn(ms: number): void {
    if (this.#isClosed) return;
    this.#socketTimer.set(ms, () => {
      // Two at once would be one instance, and the second would end the first with 4301 (5.5).
      if (!this.#isClosed && this.#socket === undefined && !this.#isOpening) void this.#trySocket();
    });
  }

  #fallBack(): void {
    if (this.#probing) return;
    this.#probeTimer.clear();
    void this.#probe();
  }

  /** Asks whether the server answers over HTTP and takes the credentials. */
  async #probe(): Promise<void> {
    this.#probing = true;
    try {
      await this.#options.probe();
      this.#probing = false;
      this.#hasAnswered = true;
      if (this.#isClosed || this.socket !== undefined) return;
      const wasUnreachable = this.#misses > 0;
      this.#misses = 0;
      this.#fallenBack = true;
      this.#set('open', 'longpoll');
      this.#options.flow.overPolls();
      // What kept the socket from opening may have been the same that kept the server from answering.
      if (wasUnreachable && this.#options.transport === 'auto') {
        this.#failures = 0;
        if (this.#socket === undefined) this.#socketIn(this.#wait(0));
      }
    } catch (error) {
      this.#probing = false;
      if (!this.#isClosed && this.socket === undefined) this.#probeLater(error);
    }
  }

  #probeLater(error: unknown): void {
    const failure = asError(error);
    const { status, code } = failure;
    // With a socket still to be tried a page that is no answer of ours says nothing of it, nor where there was an answer before.
    if (
      (status === 401 && !this.#options.credentials.canRenew) ||
      code === 'FORBIDDEN' ||
      code === 'UNSUPPORTED_VERSION' ||
      (code === 'PROTOCOL' && this.#options.transport === 'longpoll' && !this.#hasAnswered)
    ) {
      this.close(failure);
      return;
    }
    this.#misses++;
    this.#down(failure);
    this.#probeTimer.set(Math.max(this.#wait(this.#misses), failure.details.retryAfterMs ?? 0), () => void this.#probe());
  }

  /** The network is back, or somebody looks again: what waits is tried now, and what seems open is asked whether it is. */
  #look(): void {
    if (this.#isClosed) return;
    const socket = this.socket;
    if (socket !== undefined) {
      socket
        .ask('GET', '', undefined, undefined, CHECK_MS)
        .catch((error: unknown) => error instanceof GodwitError && error.code === 'CLIENT_TIMEOUT' && socket.abandon('silent'));
      return;
    }
    this.#failures = 0;
    this.#misses = 0;
    if (this.#options.transport !== 'longpoll' && this.#socket === undefined) this.#socketIn(0);
    if (this.#fallenBack) {
      // What is parked may be parked on a network that is gone.
      this.#options.flow.stop();
      this.#options.flow.overPolls();
    } else if (this.#options.transport !== 'websocket') this.#fallBack();
  }
}
