import { crc32, deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";

type Kind = "jpeg" | "png" | "webp" | "avif";

/** Creates an image of noise, so that its size in bytes grows with its size in pixels. */
export function noise(width: number, height: number): Sharp {
  const background = { r: 128, g: 128, b: 128 };
  return sharp({
    create: { width, height, channels: 3, background, noise: { type: "gaussian", mean: 128, sigma: 40 } },
  });
}

export const plain = (width: number, height: number, background = "#2a7f9e"): Sharp =>
  sharp({ create: { width, height, channels: 3, background } });

/** Encodes an image from raw pixels, because the server in this process disables sharp's readers of other inputs. */
export async function encoded(kind: Kind, image: Sharp): Promise<Buffer> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels } })
    .toFormat(kind, { effort: kind === "avif" ? 0 : 1 })
    .toBuffer();
}

export const imageOf = (kind: Kind, width = 320, height = 240): Promise<Buffer> => encoded(kind, noise(width, height));

/** Creates a valid black PNG of a few kilobytes, whatever its size in pixels. */
export function blackPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height));
  const chunks = [chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

export type Part = { name?: string; fileName?: string; type?: string; bytes: Buffer | string };

export const boundary = "----a-form-of-the-tests";

/** Encodes a form as a browser does. */
export function formOf(...parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ name = "photo", fileName = "house.jpg", type = "image/jpeg", bytes }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\n`,
    `Content-Type: ${type}\r\n\r\n`,
    bytes,
    "\r\n",
  ]);
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
}

export const formType = `multipart/form-data; boundary=${boundary}`;
