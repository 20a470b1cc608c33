// The mood of the machine: how long a read takes that depends on the one before, within 4 MB. Fan-out to thousands of sockets touches more memory than the
// nearest caches hold, so absolute figures move with this one; ratios within a run hardly do.

const BYTES = 4 * 2 ** 20;
const READS = 1_000_000;
const LINE = 16;

export const readLatency = (): string => {
  const ring = new Int32Array(BYTES / 4);
  const lines = Uint32Array.from({ length: ring.length / LINE }, (_, index) => index);
  for (let index = lines.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [lines[index], lines[other]] = [lines[other] as number, lines[index] as number];
  }
  for (const [index, line] of lines.entries()) ring[line * LINE] = (lines[(index + 1) % lines.length] as number) * LINE;
  let at = 0;
  const began = performance.now();
  for (let read = 0; read < READS; read++) at = ring[at] as number;
  const took = performance.now() - began;
  return at < 0 ? '' : `${Math.round((took * 1e6) / READS)} ns`;
};
