// `npm run build`: installs what is missing and compiles what changed.

import { prepare } from './prepare.mjs';

if (!prepare()) process.exitCode = 1;
