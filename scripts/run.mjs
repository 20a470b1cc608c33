// `npm run spec -- …` and `npm run bench -- <name> …`: runs a TypeScript program of the workspace, as it stands, under the
// project's own Node, after a build. Usage: run.mjs <file.ts> … for one program, run.mjs <folder>/ <name> … for one of many.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { becomeNode, root, stop } from './workspace.mjs';

const [target, ...args] = process.argv.slice(2);
const file = target.endsWith('/') ? join(target, `${args.shift() || ''}.ts`) : target;
if (!existsSync(join(root, file))) {
  const names = target.endsWith('/') ? programs(target) : [];
  stop(names.length > 0 ? `say which one: ${names.join(', ')}` : `there is no ${file}`);
}
if (!prepare()) stop('the build failed; the compiler’s words are above');
becomeNode([file, ...args]);

function programs(folder) {
  return readdirSync(join(root, folder)).flatMap((name) => (/^(?!.*\.(test|d)\.ts$)(.+)\.ts$/.exec(name) || []).slice(2));
}
