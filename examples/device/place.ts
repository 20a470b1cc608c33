// Values that outlive the process, a file each, replaced as a whole: half a cursor is none.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CursorStore } from '@godwit/client';

export const files = (folder: string) =>
  ({
    get(key: string): string | undefined {
      try {
        return readFileSync(join(folder, key), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    set(key: string, value: string): void {
      const file = join(folder, key);
      writeFileSync(`${file}.new`, value, { flush: true });
      renameSync(`${file}.new`, file);
    },
  }) satisfies CursorStore;
