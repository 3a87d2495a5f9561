import sharp, { type OutputInfo, type ResizeOptions } from "sharp";
import { AppError } from "../../core/app-error.ts";
import { createConcurrencyLimiter } from "../../core/concurrency-limiter.ts";
import { detectImageType } from "./image-type.ts";
import { isTruncated } from "./is-truncated.ts";
import { unprocessableUpload } from "./upload-errors.ts";

export type ImageLimits = { atOnce: number; queueLength: number; queueTimeoutMs: number; timeoutMs: number };

export type Rendition = { bytes: Buffer; width: number; height: number };

// AVIF is decoded as a whole, for 18 bytes a pixel; a single row of millions of pixels takes a gigabyte.
const mostPixels = 40_000_000;
const mostAvifPixels = 16_000_000;
const mostEdge = 20_000;
const pageEdge = 1600;
const listEdge = 480;
const avatarEdge = 256;

/**
 * Makes new images out of what was sent. The pixels alone are taken over, so that nothing else can be: no position, no
 * profile, nothing that hangs behind the end.
 */
export function createImages({ atOnce, queueLength, queueTimeoutMs, timeoutMs }: ImageLimits) {
  sharp.cache(false);
  sharp.concurrency(1);
  // What a file begins with was looked at before; a reader that is closed cannot be talked into anything after that.
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: ["Jpeg", "Png", "Webp", "Heif"].map((kind) => `VipsForeignLoad${kind}`) });
  const gate = createConcurrencyLimiter({
    maxConcurrent: atOnce,
    maxWaitMs: queueTimeoutMs,
    maxQueued: queueLength,
    onRejected: () => new AppError("overloaded", "Too many images are being read at once.", { retryAfterSeconds: 2 }),
  });
  const seconds = Math.ceil(timeoutMs / 1000);

  const decode = async (bytes: Buffer, field: string, size: ResizeOptions): Promise<Decoded> => {
    const refuse = (message: string, cause?: unknown) => unprocessableUpload(field, message, cause);
    const most = detectImageType(bytes) === "avif" ? mostAvifPixels : mostPixels;
    const read = async (failOn: "warning" | "error"): Promise<Decoded> => {
      const image = sharp(bytes, { failOn, limitInputPixels: most, autoOrient: true });
      const { width, height } = await image.metadata();
      if (Math.max(width, height) > mostEdge) throw refuse(`is more than ${mostEdge} pixels wide or high`);
      if (isTruncated(bytes)) throw refuse("is cut off");
      const whole = image.timeout({ seconds }).resize(size).toColourspace("srgb").raw();
      return await whole.toBuffer({ resolveWithObject: true });
    };
    try {
      if (detectImageType(bytes) !== "jpeg") return await read("error");
      // Of pixels that are missing its reader only warns.
      return await read("warning").catch((error: unknown) => {
        if (isHarmless(error)) return read("error");
        throw error;
      });
    } catch (error) {
      if (error instanceof AppError) throw error;
      const message = error instanceof Error ? error.message : "";
      if (message.includes("pixel limit")) throw refuse(`has more than ${most / 1e6} megapixels`, error);
      if (message.startsWith("timeout")) throw refuse("takes too long to read", error);
      throw refuse("is damaged or cut off, and cannot be read", error);
    }
  };

  const inTurn = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    gate.run(() => {
      signal.throwIfAborted();
      return work();
    });

  return {
    photo: (bytes: Buffer, signal: AbortSignal): Promise<{ list: Rendition; page: Rendition }> =>
      inTurn(signal, async () => {
        const decoded = await decode(bytes, "photo", fittingInto(pageEdge));
        return { list: await encode(decoded, fittingInto(listEdge)), page: await encode(decoded) };
      }),

    avatar: (bytes: Buffer, signal: AbortSignal): Promise<Rendition> =>
      inTurn(signal, async () =>
        encode(await decode(bytes, "avatar", { width: avatarEdge, height: avatarEdge, fit: "cover" })),
      ),
  };
}

export type Images = ReturnType<typeof createImages>;

type Decoded = { data: Buffer; info: OutputInfo };

/** What the JPEGs of ordinary phones are warned of, with all their pixels there. */
const harmlessWarning =
  /^VipsJpeg: (?:Corrupt JPEG data: \d+ extraneous bytes before marker 0x\w\w|Invalid SOS parameters for sequential JPEG|out of order read at line \d+)$/;

const isHarmless = (error: unknown): boolean =>
  error instanceof Error && error.message.split("\n").every((line) => harmlessWarning.test(line));

const fittingInto = (edge: number): ResizeOptions => ({
  width: edge,
  height: edge,
  fit: "inside",
  withoutEnlargement: true,
});

async function encode({ data, info }: Decoded, size?: ResizeOptions): Promise<Rendition> {
  const { width, height, channels } = info;
  const image = sharp(data, { raw: { width, height, channels } });
  const made = await (size ? image.resize(size) : image).webp({ quality: 80 }).toBuffer({ resolveWithObject: true });
  return { bytes: made.data, width: made.info.width, height: made.info.height };
}
