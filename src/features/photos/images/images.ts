import type { OutputInfo, ResizeOptions, Sharp, SharpOptions } from "sharp";
import { AppError } from "../../../core/errors/app-error.ts";
import { createConcurrencyLimiter } from "../../../core/limits/concurrency-limiter.ts";
import { noTracer } from "../../../core/tracer.ts";
import { unprocessableUpload } from "../uploads/upload-errors.ts";
import { detectImageType, isTruncated } from "./image-type.ts";

export type ImageLimits = { maxConcurrent: number; maxQueued: number; maxWaitMs: number; timeoutMs: number };

export type Rendition = { bytes: Buffer; width: number; height: number };

// AVIF has a lower limit, because its decoder needs 18 bytes for each pixel of the whole image. Width and height are
// limited, because a single row of millions of pixels takes a gigabyte.
const maxPixels = 40_000_000;
const maxAvifPixels = 16_000_000;
const maxEdge = 20_000;
const pageEdge = 1600;
const listEdge = 480;
const avatarEdge = 256;

/**
 * Re-encodes uploaded images. Only the pixels are kept: no location or other metadata, and no data after the image.
 */
export function createImages({ maxConcurrent, maxQueued, maxWaitMs, timeoutMs }: ImageLimits, tracer = noTracer) {
  let loading: Promise<NewImage> | undefined;
  const newImage = () => {
    loading ??= loadSharp();
    return loading;
  };
  const limiter = createConcurrencyLimiter({
    maxConcurrent,
    maxWaitMs,
    maxQueued,
    rejectionError: () =>
      new AppError("overloaded", "Too many images are being processed. Retry in a moment.", { retryAfterSeconds: 2 }),
    measureWait: (wait) => tracer.span({ name: "wait in the queue of image processing" }, wait),
  });
  const seconds = Math.ceil(timeoutMs / 1000);

  const decode = async (bytes: Buffer, field: string, size: ResizeOptions): Promise<Decoded> => {
    const refuse = (message: string, cause?: unknown) => unprocessableUpload(field, message, cause);
    const pixelLimit = detectImageType(bytes) === "avif" ? maxAvifPixels : maxPixels;
    const read = async (failOn: "warning" | "error"): Promise<Decoded> => {
      const image = (await newImage())(bytes, { failOn, limitInputPixels: pixelLimit, autoOrient: true });
      const { width, height } = await image.metadata();
      if (Math.max(width, height) > maxEdge) throw refuse(`is more than ${maxEdge} pixels wide or high`);
      if (isTruncated(bytes)) throw refuse("is truncated");
      const pixels = image.timeout({ seconds }).resize(size).toColourspace("srgb").raw();
      return await pixels.toBuffer({ resolveWithObject: true });
    };
    try {
      if (detectImageType(bytes) !== "jpeg") return await read("error");
      // The JPEG decoder only warns about missing pixels, so all warnings are errors, except harmless ones.
      return await read("warning").catch((error: unknown) => {
        if (isHarmless(error)) return read("error");
        throw error;
      });
    } catch (error) {
      if (error instanceof AppError) throw error;
      const message = error instanceof Error ? error.message : "";
      if (message.includes("pixel limit")) throw refuse(`has more than ${pixelLimit / 1e6} megapixels`, error);
      if (message.startsWith("timeout")) throw refuse("takes too long to decode", error);
      throw refuse("is damaged or truncated", error);
    }
  };

  const runLimited = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    limiter.run(() => {
      signal.throwIfAborted();
      return tracer.span({ name: "process an image" }, work);
    });

  return {
    photo: (bytes: Buffer, signal: AbortSignal): Promise<{ list: Rendition; page: Rendition }> =>
      runLimited(signal, async () => {
        const decoded = await decode(bytes, "photo", fitWithin(pageEdge));
        const image = await newImage();
        return { list: await encode(image, decoded, fitWithin(listEdge)), page: await encode(image, decoded) };
      }),

    avatar: (bytes: Buffer, signal: AbortSignal): Promise<Rendition> =>
      runLimited(signal, async () =>
        encode(
          await newImage(),
          await decode(bytes, "avatar", { width: avatarEdge, height: avatarEdge, fit: "cover" }),
        ),
      ),
  };
}

export type Images = ReturnType<typeof createImages>;

type Decoded = { data: Buffer; info: OutputInfo };

/** Warnings that the decoder gives about intact JPEGs of common phones. */
const harmlessWarning =
  /^VipsJpeg: (?:Corrupt JPEG data: \d+ extraneous bytes before marker 0x\w\w|Invalid SOS parameters for sequential JPEG|out of order read at line \d+)$/;

const isHarmless = (error: unknown): boolean =>
  error instanceof Error && error.message.split("\n").every((line) => harmlessWarning.test(line));

const fitWithin = (edge: number): ResizeOptions => ({
  width: edge,
  height: edge,
  fit: "inside",
  withoutEnlargement: true,
});

type NewImage = (bytes: Buffer, options: SharpOptions) => Sharp;

/** Loads the library at the first image, because a server without uploads would spend time and memory on it. */
async function loadSharp(): Promise<NewImage> {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  sharp.concurrency(1);
  // Defence in depth behind `detectImageType`: decoders of all other formats are disabled.
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: ["Jpeg", "Png", "Webp", "Heif"].map((kind) => `VipsForeignLoad${kind}`) });
  return sharp;
}

async function encode(newImage: NewImage, { data, info }: Decoded, size?: ResizeOptions): Promise<Rendition> {
  const { width, height, channels } = info;
  const image = newImage(data, { raw: { width, height, channels } });
  const encoded = await (size ? image.resize(size) : image).webp({ quality: 80 }).toBuffer({ resolveWithObject: true });
  return { bytes: encoded.data, width: encoded.info.width, height: encoded.info.height };
}
