/**
 * Whether a JPEG or PNG lacks the mark of its end. A reader of pixels does not mind that while it finds them all, but
 * then the file was cut off all the same. WebP and AVIF say how long they are, and their readers look.
 */
export function isTruncated(bytes: Buffer): boolean {
  if (bytes[0] === 0x89) return !bytes.includes("IEND\xae\x42\x60\x82", 8, "latin1");
  if (bytes[0] === 0xff) return !bytes.includes("\xff\xd9", startOfScan(bytes), "latin1");
  return false;
}

/** Behind the segments in front, one of which may have a whole small JPEG in it. */
function startOfScan(bytes: Buffer): number {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    at += bytes[at + 1] === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return at;
}
