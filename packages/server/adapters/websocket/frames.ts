// WebSocket frames from server to client (RFC 6455 section 5.2): unmasked, whole, written side by side into one buffer.

const TEXT = 0x81;
const PING = 0x89;
const COMPRESSED_TEXT = 0xc1;

/** The length of a frame's header for a payload of so many bytes. */
const headerLength = (payload: number): number => (payload < 126 ? 2 : payload < 65_536 ? 4 : 10);

const writeHeader = (target: Buffer, at: number, opcode: number, payload: number): number => {
  target[at] = opcode;
  if (payload < 126) {
    target[at + 1] = payload;
    return at + 2;
  }
  if (payload < 65_536) {
    target[at + 1] = 126;
    target[at + 2] = payload >>> 8;
    target[at + 3] = payload & 0xff;
    return at + 4;
  }
  target[at + 1] = 127;
  target.writeUInt32BE(Math.floor(payload / 2 ** 32), at + 2);
  target.writeUInt32BE(payload >>> 0, at + 6);
  return at + 10;
};

/** One buffer with everything in order: texts as frames, buffers (frames already) as they are. */
export const joinFrames = (items: readonly (Buffer | string)[]): Buffer => {
  const sizes = new Array<number>(items.length);
  let total = 0;
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as Buffer | string;
    if (typeof item === 'string') {
      const size = Buffer.byteLength(item);
      sizes[index] = size;
      total += headerLength(size) + size;
    } else total += sizes[index] = item.length;
  }
  const target = Buffer.allocUnsafe(total);
  let at = 0;
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as Buffer | string;
    if (typeof item === 'string') {
      at = writeHeader(target, at, TEXT, sizes[index] as number);
      at += target.write(item, at, 'utf8');
    } else at += item.copy(target, at);
  }
  return target;
};

/** A message that was compressed by itself (RFC 7692, no context taken over). */
export const compressedFrame = (payload: Buffer): Buffer => {
  const target = Buffer.allocUnsafe(headerLength(payload.length) + payload.length);
  payload.copy(target, writeHeader(target, 0, COMPRESSED_TEXT, payload.length));
  return target;
};

export const PING_FRAME: Buffer = Buffer.from([PING, 0]);
