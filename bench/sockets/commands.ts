// What the load process is told to do, and what it answers.
import type { DialectName } from './dialects.ts';

export interface Target {
  readonly dialect: DialectName;
  readonly port: number;
  readonly tls: boolean;
}

export type Command =
  /** Connects subscribers, `parallel` at a time; the topics go round, `perLink` for each. */
  | {
      readonly do: 'subscribe';
      readonly target: Target;
      readonly count: number;
      readonly topics: readonly string[];
      readonly perLink: number;
      readonly parallel: number;
    }
  /** Publishes, `inFlight` at a time: a message is in flight until it is confirmed, where the server confirms, and every subscriber of its topic has it. */
  | { readonly do: 'fan-out'; readonly target: Target; readonly topics: readonly string[]; readonly inFlight: number; readonly seconds: number }
  /** Publishes at a rate, whatever comes back; latency is from the time at which each was meant to be sent. */
  | { readonly do: 'paced'; readonly target: Target; readonly topic: string; readonly perSecond: number; readonly seconds: number }
  /** Publishes that reach nobody and are confirmed; with a rate, open loop. */
  | {
      readonly do: 'publish';
      readonly target: Target;
      readonly topics: readonly string[];
      readonly connections: number;
      readonly inFlight: number;
      readonly seconds: number;
      readonly perSecond?: number;
    }
  /** Goes on again and again from a cursor that lies `messages` before the end of the log, each time until they have come. */
  | {
      readonly do: 'resume';
      readonly target: Target;
      readonly after: string;
      readonly messages: number;
      readonly connections: number;
      readonly seconds: number;
    }
  /** Cuts all subscribers at once and brings them back. */
  | { readonly do: 'storm' }
  | { readonly do: 'close' };

export interface Answer {
  /** What was counted: deliveries, confirmations, connections. */
  readonly units: number;
  readonly seconds: number;
  /** CPU seconds that the load used. */
  readonly cpu: number;
  /** Milliseconds, where latency was measured. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Whether everyone got exactly what was sent. */
  readonly complete: boolean;
}
