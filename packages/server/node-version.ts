// Which Node runs a server: one whose `node:sqlite` is sound. Written so that a Node that is far too old can read it, since it is to that one that it speaks.

/** Why this Node is not one, in a sentence; undefined where it is. */
export const nodeRefusal = (version: string = process.versions.node): string | undefined => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if ((major === 24 && minor >= 15) || major >= 26) return undefined;
  return `Godwit needs Node 24.15 or later in the 24 line, or Node 26 or later, and this is Node ${version}: get it from https://nodejs.org/en/download.`;
};
