/**
 * Checks JPEG and PNG for their end marker, which decoders do not require. WebP and AVIF contain their length, and their
 * decoders check it.
 */
export function isTruncated(bytes: Buffer): boolean {
  if (bytes[0] === 0x89) return !bytes.includes("IEND\xae\x42\x60\x82", 8, "latin1");
  if (bytes[0] === 0xff) return !bytes.includes("\xff\xd9", startOfScan(bytes), "latin1");
  return false;
}

/** Skips the leading segments, because a thumbnail in them has an end marker of its own. */
function startOfScan(bytes: Buffer): number {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    at += bytes[at + 1] === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return at;
}
