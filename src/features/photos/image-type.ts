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

/** HEIC uses the same container; only the brands differ. */
function isAvif(bytes: Buffer): boolean {
  if (text(bytes, 4, 8) !== "ftyp") return false;
  const end = Math.min(bytes.readUInt32BE(0), 256);
  const brands = [text(bytes, 8, 12), ...(text(bytes, 16, end).match(/.{4}/gs) ?? [])];
  return (brands.includes("avif") || brands.includes("avis")) && !brands.includes("heic");
}
