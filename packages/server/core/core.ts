// What the handlers stand on: the settings in force and the rooms of the core, made once by compose.ts.
import type { Settings } from '@godwit/protocol';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Storage } from '../ports/storage.ts';
import type { Collections } from './collections.ts';
import type { Durables } from './durables.ts';
import type { Feed } from './feed.ts';
import type { Keys } from './keys.ts';
import type { LogCursors } from './log.ts';
import type { DeclaredTopics } from './topics.ts';

export interface Core {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly storage: Storage;
  readonly cursors: LogCursors;
  readonly collections: Collections;
  /** What the application said of topics; undefined where it said nothing, which costs a publish nothing. */
  readonly topics: DeclaredTopics | undefined;
  readonly keys: Keys;
  readonly feed: Feed;
  readonly durables: Durables;
}
