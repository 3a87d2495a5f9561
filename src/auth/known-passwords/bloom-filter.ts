import { createHash } from "node:crypto";

/** With 24 bits per entry, `mayContain` wrongly returns true for one in 100,000 texts. */
export const bitsPerEntry = 24;
const hashCount = 16;

/** Returns the positions of a text's bits, derived from two numbers of its hash (Kirsch and Mitzenmacher). */
function* bitsOf(text: string, size: number): Generator<number> {
  const digest = createHash("sha256").update(text).digest();
  const [start, step] = [digest.readUIntBE(0, 6), digest.readUIntBE(6, 6)];
  for (let index = 0; index < hashCount; index += 1) yield (start + index * step) % size;
}

export function createBloomFilter(texts: readonly string[]): Buffer {
  const filter = Buffer.alloc(Math.ceil((texts.length * bitsPerEntry) / 8));
  for (const text of texts)
    for (const bit of bitsOf(text, filter.length * 8)) {
      const byteIndex = bit >>> 3;
      filter.writeUInt8(filter.readUInt8(byteIndex) | (1 << (bit & 7)), byteIndex);
    }
  return filter;
}

export function mayContain(filter: Buffer, text: string): boolean {
  for (const bit of bitsOf(text, filter.length * 8))
    if ((filter.readUInt8(bit >>> 3) & (1 << (bit & 7))) === 0) return false;
  return true;
}
