// Which room may import which. The table below is the drawing in ARCHITECTURE.md as data: adjust it there and here together,
// and never so that an arrow points upwards. Imports are read with a regular expression, which is enough for code that the
// formatter has been over. Also refused: a cycle between files (types leave nothing behind at run time, so they do not close one),
// and a server file that stands in no room.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What every room of the server stands on. */
const ground = ['protocol', 'ports', 'version'];

/**
 * at: folder or files of the room; the first row that fits counts. may: rooms it imports besides itself. types: rooms it may name
 * with `import type` only. outside: what it may import that is not ours; without it, anything. '*' means every room of the server.
 */
export const rooms = [
  { room: 'protocol', at: 'packages/protocol/', may: [], outside: /^typebox($|\/)/ },
  { room: 'client', at: 'packages/client/', may: ['protocol'] },
  // The pages stand on the client, and on the language for its pure rules: scopes, topics, errors. Their tests in a browser start a server.
  { room: 'console tests', at: 'packages/console/browser/', may: ['testing', 'client', 'protocol'] },
  { room: 'console', at: 'packages/console/', may: ['client', 'protocol'], outside: /^(?:preact|@preact\/signals|uplot|vite)($|\/)|\.css$/ },

  { room: 'main', at: 'packages/server/main.ts', may: [...ground, 'cli'] },
  { room: 'index', at: 'packages/server/index.ts', may: [...ground, 'compose', 'config', 'node'], types: ['*'] },
  { room: 'cli', at: 'packages/server/cli/', may: [...ground, 'compose', 'config', 'client'] },
  { room: 'compose', at: ['compose', 'application', 'load', 'observe'].map((name) => `packages/server/${name}.ts`), may: ['*', ...ground] },
  { room: 'config', at: ['config', 'config-file', 'settings', 'tls'].map((name) => `packages/server/${name}.ts`), may: [...ground] },
  { room: 'adapters', at: 'packages/server/adapters/', may: [...ground, 'session', 'dispatch', 'core'], types: ['config'] },
  { room: 'session', at: 'packages/server/session/', may: [...ground, 'core'], types: ['config'] },
  { room: 'dispatch', at: 'packages/server/dispatch/', may: [...ground, 'handlers', 'core'], types: ['config'] },
  { room: 'handlers', at: 'packages/server/handlers/', may: [...ground, 'core'] },
  { room: 'core', at: 'packages/server/core/', may: [...ground] },
  { room: 'storage', at: 'packages/server/storage/', may: [...ground] },
  { room: 'ports', at: 'packages/server/ports/', may: ['protocol'] },
  { room: 'node', at: 'packages/server/node-version.ts', may: [] },
  { room: 'version', at: 'packages/server/version.ts', may: [] },
  // What tests stand on: it may look into every room, and no room may import it.
  { room: 'testing', at: ['packages/server/testing/', 'packages/server/faults/'], may: ['*', 'protocol', 'client'] },
  { room: 'server', at: 'packages/server/', may: [], homeless: true },

  { room: 'spec', at: 'spec/', may: ['protocol'] },
  { room: 'bench', at: 'bench/', may: ['*', 'protocol', 'client'] },
  // Examples stand where users do: on what is published.
  { room: 'examples', at: 'examples/', may: ['client', 'protocol', 'index'] },
];

/** The workspace's own packages, by the file that their name stands for. */
export const doors = {
  '@godwit/protocol': 'packages/protocol/index.ts',
  '@godwit/client': 'packages/client/index.ts',
  godwit: 'packages/server/index.ts',
};

const importing = /^[ \t]*(?:import|export)\b([^'"`;]*?\bfrom\s*|\s*)['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/gm;
const exempt = /\.(test|contract)\.tsx?$/;
const serverRooms = new Set(rooms.filter(({ at }) => [at].flat()[0].startsWith('packages/server/')).map(({ room }) => room));

/** The sentences that say what is wrong in `files`, a map from a path under the workspace to its text. */
export function faults(files) {
  const found = [];
  const graph = new Map();
  for (const [file, text] of Object.entries(files)) {
    if (exempt.test(file)) continue;
    const from = roomOf(file);
    if (from?.homeless) found.push(`${file} stands in no room: give it one in scripts/arrows.mjs`);
    const targets = [];
    for (const { to, name, typeOnly } of importsOf(file, text)) {
      if (to === undefined) {
        if (from?.outside && !from.outside.test(name)) found.push(`${file}: ${from.room} may not import ${name}`);
        continue;
      }
      if (!typeOnly) targets.push(to);
      const room = roomOf(to);
      if (exempt.test(to)) found.push(`${file} imports ${to}, which belongs to the tests`);
      else if (from && !from.homeless && !allowed(from, room, typeOnly)) found.push(`${file}: ${from.room} may not import ${room?.room ?? 'no room'} (${to})`);
    }
    graph.set(file, targets);
  }
  return [...found, ...cycles(graph)];
}

function allowed(from, room, typeOnly) {
  if (room === undefined || room.homeless) return false;
  const fits = (list = []) => list.includes(room.room) || (list.includes('*') && serverRooms.has(room.room));
  return room.room === from.room || fits(from.may) || (typeOnly && fits(from.types));
}

function roomOf(file) {
  return rooms.find(({ at }) => [at].flat().some((place) => file === place || (place.endsWith('/') && file.startsWith(place))));
}

function importsOf(file, text) {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(importing)].map(([, clause = '', plain, dynamic]) => {
    const name = plain ?? dynamic;
    const to = name.startsWith('.') ? posix.join(posix.dirname(file), name) : doors[name];
    return { name, to, typeOnly: /^\s*type\b(?!\s+from\b|\s*,)/.test(clause) };
  });
}

/** One sentence for each cycle that a depth-first walk closes. */
function cycles(graph) {
  const state = new Map();
  const path = [];
  const found = [];
  const visit = (file) => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      found.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      return;
    }
    state.set(file, 'open');
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

function sources(root) {
  const files = {};
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !['node_modules', 'dist'].includes(entry.name)) walk(path);
      else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts')) files[path] = readFileSync(join(root, path), 'utf8');
    }
  };
  for (const folder of ['packages', 'spec', 'bench', 'examples']) walk(folder);
  return files;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = faults(sources(dirname(dirname(fileURLToPath(import.meta.url)))));
  for (const sentence of found) console.error(`arrows: ${sentence}`);
  if (found.length > 0) process.exitCode = 1;
}
