export type ImageType = "jpeg" | "png" | "webp" | "avif";

/** Detects the type by the first bytes. The file name and the Content-Type are not trusted. */
export function detectImageType(bytes: Buffer): ImageType | undefined {
  if (isJpeg(bytes)) return "jpeg";
  if (isPng(bytes)) return "png";
  if (isWebp(bytes)) return "webp";
  return isAvif(bytes) ? "avif" : undefined;
}

const text = (bytes: Buffer, from: number, to: number): string => bytes.toString("latin1", from, to);

const isJpeg = (bytes: Buffer): boolean => text(bytes, 0, 3) === "\xff\xd8\xff";

const isPng = (bytes: Buffer): boolean => text(bytes, 0, 8) === "\x89PNG\r\n\x1a\n" && text(bytes, 12, 16) === "IHDR";

const isWebp = (bytes: Buffer): boolean =>
  text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP" && /^VP8[ LX]$/.test(text(bytes, 12, 16));

/** HEIC uses the same container as AVIF. Only the brands differ. */
function isAvif(bytes: Buffer): boolean {
  if (text(bytes, 4, 8) !== "ftyp") return false;
  const end = Math.min(bytes.readUInt32BE(0), 256);
  const brands = [text(bytes, 8, 12), ...(text(bytes, 16, end).match(/.{4}/gs) ?? [])];
  return (brands.includes("avif") || brands.includes("avis")) && !brands.includes("heic");
}

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

const signatureBytes = 8;
const maxNonPixelChunks = 200;

/**
 * Ordinary PNG files have a dozen chunks. A file with 400,000 chunks keeps the decoder busy for a quarter of a second.
 */
export function hasTooManyPngChunks(bytes: Buffer): boolean {
  if (bytes[0] !== 0x89) return false;
  let count = 0;
  for (let at = signatureBytes; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (type === "IEND") return false;
    if (type === "IDAT") continue;
    count += 1;
    if (count > maxNonPixelChunks) return true;
  }
  return false;
}
