// Connections that were just taken in, until they say something. Of thousands that arrive and speak at once, a few are listened to in each turn of the event loop; node's
// server alone would read the requests of all of them in one. Who says nothing is handed on after a moment all the same, so that the server's own limits of time hold.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Turns } from '../../core/turns.ts';
import type { Clock } from '../../ports/clock.ts';

/** How long one may say nothing before it is the server's. */
const SILENT_MS = 1000;

type Listener = (this: Server, socket: Socket) => void;

interface Arriving extends Socket {
  godwitArrivals?: Arrivals;
}

function onReadable(this: Arriving): void {
  this.godwitArrivals?.spoke(this);
}

function onClose(this: Arriving): void {
  this.godwitArrivals?.left(this);
}

/** Who fails before it has said anything was nobody. */
function onError(): void {}

export class Arrivals {
  readonly #server: Server;
  readonly #listeners: readonly Listener[];
  readonly #turns: Turns;
  readonly #clock: Clock;
  /** Since when each is here, oldest first. */
  readonly #here = new Map<Socket, number>();
  #looks = false;

  /** Comes between a server in clear and the connections that it takes in. */
  constructor(server: Server, turns: Turns, clock: Clock) {
    this.#server = server;
    this.#listeners = server.listeners('connection') as Listener[];
    this.#turns = turns;
    this.#clock = clock;
    server.removeAllListeners('connection');
    server.on('connection', (socket: Arriving) => this.#arrive(socket));
  }

  #arrive(socket: Arriving): void {
    socket.godwitArrivals = this;
    socket.on('readable', onReadable);
    socket.on('close', onClose);
    socket.on('error', onError);
    this.#here.set(socket, this.#clock.now());
    this.#look();
  }

  /** It has said something, or all that it had to say. */
  spoke(socket: Socket): void {
    socket.removeListener('readable', onReadable);
    this.#turns.push(() => this.#handOn(socket));
  }

  left(socket: Socket): void {
    this.#here.delete(socket);
  }

  #handOn(socket: Socket): void {
    if (!this.#here.delete(socket)) return;
    socket.removeListener('readable', onReadable);
    socket.removeListener('close', onClose);
    for (const listener of this.#listeners) listener.call(this.#server, socket);
    socket.removeListener('error', onError);
  }

  #look(): void {
    if (this.#looks) return;
    this.#looks = true;
    this.#clock.after(SILENT_MS, () => {
      this.#looks = false;
      const now = this.#clock.now();
      for (const [socket, since] of this.#here) {
        if (now - since < SILENT_MS) break;
        this.#handOn(socket);
      }
      if (this.#here.size > 0) this.#look();
    });
  }

  /** Ends those that are still here. */
  end(): void {
    for (const socket of this.#here.keys()) socket.destroy();
  }
}
