// The server of a fault test: killed without a word and started again on the same data and, where nobody took it meanwhile, the same port, behind the proxy.
import assert from 'node:assert/strict';
import { type ServerProcess, startProcess } from '../../testing/process.ts';
import type { Random } from '../../testing/random.ts';
import type { FaultyProxy } from './proxy.ts';

export interface MortalServerOptions {
  readonly data: string;
  readonly flags: readonly string[];
  readonly proxy: FaultyProxy;
  /** Where given, some are killed again before they are ready, at moments that it chooses. */
  readonly early?: Random;
}

const EARLY_CHANCE = 0.2;
const EARLY_MS = 500;
/** How much of what the proxy holds back is let go at a kill. */
const LOOSENED = 0.2;

export class MortalServer {
  readonly #options: MortalServerOptions;
  #process: ServerProcess | undefined;
  #port = '0';
  kills = 0;

  constructor(options: MortalServerOptions) {
    this.#options = options;
  }

  /** Where it is reached without the proxy. */
  get url(): string {
    return this.#process?.url ?? '';
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const { data, flags, proxy, early } = this.#options;
    for (;;) {
      const diesAfter = this.kills > 0 && early?.chance(EARLY_CHANCE) ? early.below(EARLY_MS) : undefined;
      const onSpawn = (child: ServerProcess['child']): void => {
        if (diesAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), diesAfter);
      };
      const started = await startProcess({ data, flags: [...flags, '--port', this.#port], onSpawn });
      if (diesAfter === undefined && started.url !== '') {
        this.#process = started;
        this.#port = new URL(started.url).port;
        proxy.aim(started.url);
        return;
      }
      if (diesAfter === undefined) {
        // Somebody else may have taken the port while nobody listened there.
        assert.match(started.stderr(), /in use/);
        this.#port = '0';
      } else this.kills++;
      started.kill('SIGKILL');
      await started.exited;
    }
  }

  async kill(): Promise<void> {
    this.#options.proxy.loosen(LOOSENED);
    this.kills++;
    await this.stop();
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }
}
