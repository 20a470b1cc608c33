// The fingerprint of a request's name (client, requestId): 32 bits, under a secret of the store so that nobody can aim at one slot of a generation. Made of texts or of
// bytes, it is the same; the log keeps that of each publish, so the way it is made must not change without a migration.

/** The fingerprint of a name. */
export type Fingerprint = (client: string, requestId: string) => number;

export interface Fingerprints {
  readonly ofTexts: Fingerprint;
  /** Of a client, as far as it goes without the requestId: many publishes in a row are of one. */
  ofClient(client: string): number;
  /** Of what `ofClient` gave and of a requestId that is ASCII, from and up to. */
  ofBytes(client: number, bytes: Uint8Array, from: number, to: number): number;
}

export const fingerprints = (salt: string): Fingerprints => {
  const seed = Number.parseInt(salt.slice(0, 8), 16) | 0;
  const factor = Number.parseInt(salt.slice(8, 16), 16) | 1;
  const stir = (from: number, text: string): number => {
    let hash = from;
    // Two characters a step: the steps depend on each other, so their number is the cost.
    for (let index = 0; index < text.length; index += 2) {
      hash = Math.imul(hash ^ (text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16)), factor);
      hash ^= hash >>> 15;
    }
    return hash;
  };
  const finish = (stirred: number): number => {
    let hash = Math.imul(stirred ^ (stirred >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
  // The length of the client keeps ('ab', 'c') from being ('a', 'bc').
  const ofClient = (client: string): number => stir(seed ^ client.length, client);
  return {
    ofTexts: (client, requestId) => finish(stir(ofClient(client), requestId)),
    ofClient,
    ofBytes: (client, bytes, from, to) => {
      let hash = client;
      const last = to - 1;
      for (let index = from; index < last; index += 2) {
        hash = Math.imul(hash ^ ((bytes[index] as number) | ((bytes[index + 1] as number) << 16)), factor);
        hash ^= hash >>> 15;
      }
      if (((to - from) & 1) === 1) {
        hash = Math.imul(hash ^ (bytes[last] as number), factor);
        hash ^= hash >>> 15;
      }
      return finish(hash);
    },
  };
};
