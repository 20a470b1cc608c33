// The topics that the application declared (docs/decisions/0009): what is published to one keeps the schema of every pattern that matches it. A topic that
// none matches is free. Fixed at the start; refuses to know who publishes.
import { type FieldError, firstSegment, invalid, ProtocolError } from '@godwit/protocol';
import type { CollectionSchema } from './collections.ts';
import { RouteTree } from './route-tree.ts';
import type { Validate } from './validation.ts';

export interface DeclaredTopic {
  readonly pattern: string;
  readonly schema: CollectionSchema;
  readonly summary: string | undefined;
  readonly validate: Validate | undefined;
}

export class DeclaredTopics {
  /** In the order of their declaration. */
  readonly all: readonly DeclaredTopic[];
  readonly #judges = new RouteTree<Validate>();

  constructor(all: readonly DeclaredTopic[]) {
    this.all = all;
    for (const { pattern, validate } of all) if (validate !== undefined) this.#judges.add(pattern, validate);
  }

  /** First segments that collections must not have: only the server publishes to the topics of a collection (3.2.6). */
  get names(): readonly string[] {
    return this.all.map(({ pattern }) => firstSegment(pattern)).filter((name) => !name.startsWith('*'));
  }

  /** Throws `VALIDATION_FAILED` naming every field at fault, each as a pointer that begins with `prefix`, by every pattern that matches. */
  judge(topic: string, data: unknown, prefix: string): void {
    let faults: FieldError[] | undefined;
    for (const validate of this.#judges.match(topic)) {
      try {
        validate(data, prefix);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        (faults ??= []).push(...((error.details.errors as readonly FieldError[] | undefined) ?? []));
      }
    }
    if (faults !== undefined) throw invalid(faults);
  }

  /** Whether any schema has a say in what is published to the topic. */
  judges(topic: string): boolean {
    return this.#judges.match(topic).length > 0;
  }

  /** Whether the data may be published to the topic. */
  takes(topic: string, data: unknown): boolean {
    try {
      this.judge(topic, data, '');
      return true;
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }
}
