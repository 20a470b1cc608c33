// The drawn order, the same for every transport: find the row → validate → authorize → limit → replay by requestId → handler → reply.
import { type Access, BOUNDS, type Operation, ProtocolError } from '@godwit/protocol';
import { requireScope } from '../core/access.ts';
import type { Call, Handler, Identity, Result } from '../core/call.ts';
import type { Core } from '../core/core.ts';
import { encode } from '../core/json.ts';
import { checkTopic } from '../core/publishable.ts';
import { RateLimiter, type RateState } from '../core/rate.ts';
import type { Transaction } from '../core/transaction.ts';
import { judgeSchema, judgeShape, type Validate } from '../core/validation.ts';
import { RequestAsker } from './asker.ts';
import { confirmed, fingerprint, Once, publishOperation } from './once.ts';
import { publishAtOnce } from './publishing.ts';
import { type QueryReader, queryReader } from './query.ts';
import type { Reply, Request } from './request.ts';
import { type Match, Router } from './router.ts';
import { waitOf } from './wait.ts';

/** A row with its handler. */
export interface Route {
  readonly operation: Operation;
  readonly handler: Handler;
  /** Takes the place of limit, replay and handler, for an operation that is made of others (9.2). */
  readonly whole?: (ready: Ready, request: Request) => Promise<Reply>;
}

interface Prepared {
  readonly readQuery: QueryReader;
  readonly judgeData: Validate | undefined;
  readonly handler: Handler;
  readonly whole: Route['whole'];
}

/** A call that was found, validated and authorized. */
export interface Ready {
  readonly match: Match;
  readonly call: Omit<Call, 'tx' | 'document'>;
  readonly handler: Handler;
}

const RATE_WINDOW_MS = 60_000;
const NO_HEADERS: Reply['headers'] = Object.freeze({});

export class Dispatcher {
  readonly core: Core;
  readonly once: Once;
  readonly #router = new Router();
  readonly #prepared = new Map<Operation, Prepared>();
  readonly #limiter = new RateLimiter(RATE_WINDOW_MS);
  readonly #confirmed: Call['document'];

  constructor(core: Core) {
    this.core = core;
    this.once = new Once(core);
    this.#confirmed = confirmed(core);
  }

  /** Adds a row of the protocol. */
  add(route: Route): void {
    this.#router.add(route.operation);
    this.#prepare(route, judgeShape);
  }

  /** Adds a row of the application's own. */
  addAction(route: Route): void {
    this.#router.addAction(route.operation);
    this.#prepare(route, judgeSchema);
  }

  #prepare({ operation, handler, whole }: Route, judgeOf: typeof judgeShape): void {
    // A shape without a keyword takes anything, so there is nothing to ask it.
    const judged = operation.data !== undefined && Object.keys(operation.data).length > 0;
    this.#prepared.set(operation, { readQuery: queryReader(operation.query), judgeData: judged ? judgeOf(operation.data) : undefined, handler, whole });
  }

  /** The row for a method and a path below /v1, to be asked with a query. Throws `URI_TOO_LONG`, `NOT_FOUND` or `METHOD_NOT_ALLOWED`. */
  find(method: string, path: string, query: string): Match {
    if (path.length + query.length > BOUNDS.uriBytes) throw new ProtocolError('URI_TOO_LONG', undefined, { limit: BOUNDS.uriBytes });
    return this.#router.find(method, path);
  }

  methods(path: string): readonly string[] {
    return this.#router.methods(path);
  }

  /** Validates and authorizes; throws errors of the catalogue. */
  ready(match: Match, request: Pick<Request, 'query' | 'data' | 'preconditions' | 'identity' | 'session' | 'parking' | 'asker'>): Ready {
    const { operation, params } = match;
    const { readQuery, judgeData, handler } = this.#prepared.get(operation) as Prepared;
    const query = readQuery(request.query);
    judgeData?.(request.data, '/data');
    this.#authorize(operation.access, params, request.identity);
    return {
      match,
      handler,
      call: {
        params,
        query,
        data: request.data,
        preconditions: request.preconditions,
        identity: request.identity,
        session: request.session,
        parking: request.parking,
        asker: (request.asker ??= new RequestAsker(request)),
      },
    };
  }

  #authorize(access: Access, params: Readonly<Record<string, string>>, identity: Identity | undefined): void {
    if (access === 'none') return;
    if (identity === undefined) throw new ProtocolError('UNAUTHENTICATED');
    // `subscribe` is judged where the patterns are read.
    if (access === 'any' || access === 'subscribe') return;
    if (access === 'admin') requireScope(identity, 'admin');
    else if (access === 'publish') {
      const topic = params['topic'] as string;
      checkTopic(topic, '/path/topic');
      requireScope(identity, `publish:${topic}`, '/path/topic');
    } else if (access === 'read' || access === 'write') requireScope(identity, `${access}:${params['collection']}`);
    else
      requireScope(
        identity,
        access.slice('scope:'.length).replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? ''),
      );
  }

  /** The state of an identity's budget, nothing taken (7.1.1). */
  rate(identity: Identity): RateState {
    return this.#take(identity, 0, this.#limitOf(identity));
  }

  #limitOf({ limits }: Identity): number {
    return limits.operationsPerMinute ?? this.core.settings.operationsPerMinute;
  }

  #take({ budget }: Identity, cost: number, limit: number): RateState {
    return this.#limiter.take(budget, cost, limit, this.core.clock.now());
  }

  /** Takes `cost` operations, less those counted already, from the budget of a metered request. Throws `RATE_LIMITED`, which costs nothing. */
  meter(request: Pick<Request, 'identity' | 'metered' | 'counted' | 'rate'>, cost: number): void {
    const { metered, identity, counted = 0 } = request;
    if (!metered || identity === undefined) return;
    const limit = this.#limitOf(identity);
    const rate = this.#take(identity, cost > limit ? 0 : Math.max(0, cost - counted), limit);
    request.rate = rate;
    // No waiting would make room for so many at once.
    if (cost > limit)
      throw new ProtocolError('BATCH_TOO_LARGE', 'The batch has more operations than the budget of a minute.', {
        limit,
        field: '/data/operations',
      });
    if (!rate.allowed) {
      throw new ProtocolError(
        'RATE_LIMITED',
        undefined,
        { retryAfterMs: rate.retryAfter * 1000, limit },
        { headers: { 'retry-after': String(rate.retryAfter) } },
      );
    }
  }

  /** Carries out one request; throws errors of the catalogue and whatever a handler or the store threw. Times out after `requestTimeout` (6.1.1). */
  run(match: Match, request: Request): Reply | Promise<Reply> {
    const ready = this.ready(match, request);
    const whole = this.#prepared.get(match.operation)?.whole;
    const { waited = 0 } = request;
    if (whole !== undefined) return this.#inTime(whole(ready, request), request, -waited);
    this.meter(request, 1);
    const reply = this.perform(ready, request.requestId);
    return reply instanceof Promise ? this.#inTime(reply, request, waitOf(ready.match.operation, ready.call) - waited) : reply;
  }

  /**
   * The reply, or `TIMEOUT` after `requestTimeout` and what it was asked to wait (6.1.1). What it writes goes on, and a repeat with its requestId finds its
   * outcome; a page that still waits to be read is not read.
   */
  #inTime(reply: Promise<Reply>, { asker }: Request, waitMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const stop = this.core.clock.after(this.core.settings.requestTimeout + waitMs, () => {
        if (asker !== undefined) asker.isAnswered = true;
        reject(new ProtocolError('TIMEOUT'));
      });
      reply.then(
        (value) => {
          stop();
          resolve(value);
        },
        (error: unknown) => {
          stop();
          reject(error);
        },
      );
    });
  }

  /** Carries out what is ready; `requestId` names it within its client. What is only read may be there at once. */
  perform(ready: Ready, requestId: string | undefined, admit?: (reply: Reply) => void): Reply | Promise<Reply> {
    const { operation } = ready.match;
    const { call } = ready;
    if (!operation.remembered || operation.ofConnection?.(call.params, call.data) === true) {
      const result = ready.handler(wholeCall(call, this.once.reading(), this.#confirmed));
      return result instanceof Promise ? result.then((value) => replyOf(value, admit)) : replyOf(result, admit);
    }
    // Where a reply may yet be refused, it must not have been written; and a batch may have its name.
    if (operation.name === 'publish' && requestId !== undefined && admit === undefined && !this.once.isHeld(call.identity?.client ?? '', requestId)) {
      const reply = publishAtOnce(this.core, call, requestId);
      if (reply !== undefined) return reply;
    }
    let operationName: string | undefined;
    return this.once.run({
      client: call.identity?.client ?? '',
      requestId,
      publishes: operation.name === 'publish',
      operation: () => (operationName ??= nameOperation(ready)),
      perform: (tx) => this.performOn(ready, tx),
      admit,
    });
  }

  /** Runs the handler on a transaction that others may share (9.2.3). */
  performOn(ready: Ready, tx: Transaction): Result | Promise<Result> {
    return ready.handler(wholeCall(ready.call, tx, (collection, id) => tx.document(collection, id)));
  }
}

/** Member by member: of what is done for every request, spreading is not the cheapest. */
const wholeCall = (call: Ready['call'], tx: Transaction, document: Call['document']): Call => ({
  params: call.params,
  query: call.query,
  data: call.data,
  preconditions: call.preconditions,
  identity: call.identity,
  session: call.session,
  parking: call.parking,
  asker: call.asker,
  tx,
  document,
});

const replyOf = ({ status, data, headers = NO_HEADERS, started }: Result, admit: ((reply: Reply) => void) | undefined): Reply => {
  const reply = { status, text: data === undefined ? undefined : encode(data), headers, started };
  admit?.(reply);
  return reply;
};

/** Operation means method, path, query, data and preconditions (4.1.3). */
export const nameOperation = ({ match: { operation, params }, call }: Ready): string => {
  const data = JSON.stringify(call.data) ?? '';
  if (operation.name === 'publish') return publishOperation(params['topic'] as string, data);
  return fingerprint(operation.name, JSON.stringify(params), JSON.stringify(call.query), JSON.stringify(call.preconditions), data);
};
