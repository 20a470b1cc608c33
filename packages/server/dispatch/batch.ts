// Batches (9.2): many operations in one request, each by itself and in order, or all in one transaction. Every operation goes the way that it
// would go alone: the same rows, validation, scopes, errors and memory of requests.
import { type BatchData, type BatchOperation, invalidEnvelope, invalidField, ProtocolError } from '@godwit/protocol';
import type { Identity, Result } from '../core/call.ts';
import { encode, JsonText } from '../core/json.ts';
import type { Transaction } from '../core/transaction.ts';
import type { RequestAsker } from './asker.ts';
import type { Dispatcher, Ready } from './dispatcher.ts';
import { failureOf } from './failure.ts';
import { fingerprint } from './once.ts';
import { REPLAY_HEADER, type Reply, type Request, reused, splitTarget } from './request.ts';
import type { Match } from './router.ts';
import { asksToWait } from './wait.ts';

/** Told of what is no error of the catalogue, to log it. */
export type Unexpected = (error: unknown) => void;

const MARKER = '200 {}\n';

const headersOf = (operation: BatchOperation): Record<string, string> =>
  Object.fromEntries(Object.entries((operation.headers ?? {}) as Record<string, string>).map(([name, value]) => [name.toLowerCase(), value]));

const resultText = (id: string | undefined, reply: Reply): string => {
  const headers = Object.keys(reply.headers).length === 0 ? '' : `,"headers":${JSON.stringify(reply.headers)}`;
  const data = reply.text === undefined ? '' : `,"data":${reply.text}`;
  return `{"id":${JSON.stringify(id ?? null)},"statusCode":${reply.status},"status":"success"${data}${headers}}`;
};

const failureText = (id: string | undefined, error: ProtocolError): string =>
  `{"id":${JSON.stringify(id ?? null)},"statusCode":${error.status},"status":"error","error":${JSON.stringify(error.body())}}`;

export class Batches {
  readonly #dispatcher: Dispatcher;
  readonly #unexpected: Unexpected;

  constructor(dispatcher: Dispatcher, unexpected: Unexpected) {
    this.#dispatcher = dispatcher;
    this.#unexpected = unexpected;
  }

  /** Carries out a batch that was found, validated and authorized. */
  async run(ready: Ready, request: Request): Promise<Reply> {
    const { mode = 'partial', operations } = ready.call.data as BatchData;
    const limit = this.#dispatcher.core.settings.maxBatchOperations;
    if (operations.length > limit) throw new ProtocolError('BATCH_TOO_LARGE', undefined, { limit, field: '/data/operations' });
    this.#refuse(operations, mode);
    this.#dispatcher.meter(request, operations.length);
    return mode === 'atomic' ? this.#atomic(operations, request) : this.#partial(operations, request);
  }

  /** What no batch takes is refused before anything is done. */
  #refuse(operations: readonly BatchOperation[], mode: string): void {
    const ids = new Set<string>();
    for (const [index, { id, method, path, data }] of operations.entries()) {
      const field = `/data/operations/${index}`;
      if (id !== undefined && ids.size === ids.add(id).size) throw invalidField(`${field}/id`, 'is the id of another operation of this batch');
      const [pathname, query] = splitTarget(path);
      let match: Match;
      try {
        match = this.#dispatcher.find(method, pathname, query);
      } catch {
        // No such path, or one that is too long: that is the operation's own error.
        continue;
      }
      if (new URLSearchParams(query).has('wait')) throw invalidField(`${field}/path`, 'must not wait in a batch');
      const { batch: taken, ofConnection } = match.operation;
      if (asksToWait(match.operation, data)) throw invalidField(`${field}/data/wait`, 'must not wait in a batch');
      if (taken === 'never' || ofConnection?.(match.params, data) === true) throw invalidField(`${field}/path`, 'is not for a batch');
      if (mode === 'atomic' && taken !== 'atomic') throw invalidField(`${field}/path`, 'is not for an atomic batch, which takes documents and publishes');
    }
  }

  #ready(operation: BatchOperation, identity: Identity | undefined, asker?: RequestAsker): Ready {
    const [path, query] = splitTarget(operation.path);
    const match = this.#dispatcher.find(operation.method, path, query);
    const { data = match.operation.dataOptional === true ? {} : undefined } = operation;
    if (match.operation.data !== undefined && data === undefined) throw invalidEnvelope('/data', 'is required');
    const headers = headersOf(operation);
    const preconditions = { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
    return this.#dispatcher.ready(match, { query, data, preconditions, identity, session: undefined, parking: undefined, asker });
  }

  #failure(error: unknown): ProtocolError {
    return failureOf(error, this.#unexpected);
  }

  #tooLarge(): ProtocolError {
    const limit = this.#dispatcher.core.settings.maxBatchBytes;
    return new ProtocolError('PAYLOAD_TOO_LARGE', 'The results of the batch would be too large with this one.', { limit });
  }

  /** Each by itself. What took effect is remembered by itself; the name of the whole is kept from others while it runs, and from then on. */
  async #partial(operations: readonly BatchOperation[], { requestId, identity, asker }: Request): Promise<Reply> {
    if (requestId === undefined || identity === undefined) return (await this.#each(operations, requestId, identity, asker)).reply;
    const name = fingerprint('batch partial', JSON.stringify(operations));
    return this.#dispatcher.once.hold({ client: identity.client, operation: () => name }, requestId, async () => {
      const known = await this.#isKnown(identity, requestId, name);
      const { reply, took } = await this.#each(operations, requestId, identity, asker);
      if (took && !known) await this.#remember(identity, requestId, name);
      return reply;
    });
  }

  /** One after the other, and whether any of them took effect. */
  async #each(
    operations: readonly BatchOperation[],
    requestId: string | undefined,
    identity: Identity | undefined,
    asker: RequestAsker | undefined,
  ): Promise<{ readonly reply: Reply; readonly took: boolean }> {
    let room = this.#dispatcher.core.settings.maxBatchBytes;
    const results: string[] = [];
    let failed = 0;
    let replayed = 0;
    let took = false;
    for (const [index, operation] of operations.entries()) {
      let text: string;
      try {
        const ready = this.#ready(operation, identity, asker);
        const admit = (reply: Reply): void => {
          if (Buffer.byteLength(reply.text ?? '') > room) throw this.#tooLarge();
        };
        // No client's requestId holds a space, so no other request has this name.
        const reply = await this.#dispatcher.perform(ready, requestId === undefined ? undefined : `${requestId} ${index}`, admit);
        text = resultText(operation.id, reply);
        if (reply.headers[REPLAY_HEADER] !== undefined) replayed++;
        if (ready.match.operation.remembered) took = true;
      } catch (error) {
        failed++;
        text = failureText(operation.id, this.#failure(error));
      }
      room -= Buffer.byteLength(text);
      results.push(text);
    }
    const succeeded = operations.length - failed;
    const reply = {
      status: failed === 0 ? 200 : 207,
      text: `{"results":[${results.join(',')}],"succeeded":${succeeded},"failed":${failed}}`,
      headers: replayed > 0 && replayed === succeeded ? { [REPLAY_HEADER]: 'true' } : {},
    };
    return { reply, took };
  }

  /** A partial batch is remembered by its operations; its own name only keeps others from using it. Whether it is kept already. */
  async #isKnown({ client }: Identity, requestId: string, name: string): Promise<boolean> {
    const known = await this.#dispatcher.core.storage.findRequest(client, requestId);
    if (known !== undefined && (known.kind === 'publish' || known.operation !== name)) throw reused();
    return known !== undefined;
  }

  async #remember({ client }: Identity, requestId: string, operation: string): Promise<void> {
    try {
      await this.#dispatcher.core.storage.write({ request: { client, requestId, kind: 'change', operation, outcome: MARKER } });
    } catch (error) {
      // What was done was done and is remembered; only the guard against another use of the name is missing.
      this.#failure(error);
    }
  }

  async #atomic(operations: readonly BatchOperation[], request: Request): Promise<Reply> {
    const { requestId, identity } = request;
    const reply = await this.#dispatcher.once.run({
      client: identity?.client ?? '',
      requestId,
      publishes: false,
      operation: () => fingerprint('batch atomic', JSON.stringify(operations)),
      perform: (tx) => this.#allOn(tx, operations, identity),
    });
    return reply;
  }

  /**
   * Carries out all operations on one transaction: at once where each of them can be, so that nobody comes between. Their lists are read whoever still waits,
   * since a repeat is to find the outcome (6.1.1). Throws `BATCH_FAILED`.
   */
  #allOn(tx: Transaction, operations: readonly BatchOperation[], identity: Identity | undefined): Result | Promise<Result> {
    const results: string[] = [];
    let room = this.#dispatcher.core.settings.maxBatchBytes;
    const keep = ({ status, data, headers = {} }: Result): void => {
      const text = resultText(operations[results.length]?.id, { status, text: data === undefined ? undefined : encode(data), headers });
      room -= Buffer.byteLength(text);
      if (room < 0) throw this.#tooLarge();
      results.push(text);
    };
    const failed = (thrown: unknown): never => {
      const index = results.length;
      const error = this.#failure(thrown);
      const details = { index, id: operations[index]?.id ?? null, error: error.body(), retryable: error.body().details.retryable === true };
      throw new ProtocolError('BATCH_FAILED', `Operation ${index} failed, so none took effect: ${error.message}`, details, { status: error.status });
    };
    const goOn = (): Result | Promise<Result> => {
      while (results.length < operations.length) {
        try {
          const result = this.#dispatcher.performOn(this.#ready(operations[results.length] as BatchOperation, identity), tx);
          if (result instanceof Promise) return result.then(keep).catch(failed).then(goOn);
          keep(result);
        } catch (thrown) {
          failed(thrown);
        }
      }
      return { status: 200, data: new JsonText(`{"results":[${results.join(',')}],"succeeded":${operations.length},"failed":0}`) };
    };
    return goOn();
  }
}
