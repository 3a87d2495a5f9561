const signatureBytes = 8;
const maxChunksBesidePixels = 200;

/** Ordinary files have a dozen. The reader calls back for each of them, and 400,000 cost a quarter of a second. */
export function hasTooManyPngChunks(bytes: Buffer): boolean {
  if (bytes[0] !== 0x89) return false;
  let count = 0;
  for (let at = signatureBytes; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT") continue;
    count += 1;
    if (count > maxChunksBesidePixels) return true;
  }
  return false;
}
