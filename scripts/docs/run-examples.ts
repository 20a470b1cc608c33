// `node scripts/docs/run-examples.ts`: executes the examples of the reference against a real server and writes down what came. examples.test.ts
// executes them again and fails where what is checked in is not what comes. Run after a build.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { EXAMPLES_FILE } from './examples.ts';
import { steady } from './steady.ts';
import { runStory } from './story.ts';

/** The text of the file. */
export const examplesText = async (): Promise<string> => `${JSON.stringify(steady(await runStory()), null, 2)}\n`;

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(new URL(`../../${EXAMPLES_FILE}`, import.meta.url), await examplesText());
