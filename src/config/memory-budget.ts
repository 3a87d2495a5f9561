// The maximum memory of one instance, in MiB. Tests check the memory limits in the shipped files against this sum.

export const mebibyte = 2 ** 20;

/** The limit of concurrent password hashes, and the memory outside the heap that argon2 allocates for each of them. */
export const passwordHashing = { maxConcurrent: 3, memoryKiB: 19_456 } as const;

/** Code, stacks, thread pools and socket buffers. */
const baselineMiB = 80;

/** V8 allocates this in addition to `--max-old-space-size`: three semi-spaces of 32 MiB. */
const youngGenerationMiB = 96;

/**
 * The measured maximum for decoding one image: an AVIF of 16 megapixels with 12 bits, 4:4:4 and alpha.
 * An interlaced PNG of 40 megapixels with 16 bits takes nearly as much.
 */
const imageMiB = 420;

/** The limit for the JSON bodies of all requests that are being received. */
export const maxBufferedBodyBytes = 16 * mebibyte;

/** While the chunks of an upload or a body are joined, all its bytes are in memory twice. */
const copies = 2;

export type MemorySettings = {
  /** `--max-old-space-size`. */
  heapMiB: number;
  maxBytesHeldByUploads: number;
  imagesAtOnce: number;
};

export function memoryBudget({ heapMiB, maxBytesHeldByUploads, imagesAtOnce }: MemorySettings) {
  const parts = {
    heap: heapMiB,
    youngGeneration: youngGenerationMiB,
    baseline: baselineMiB,
    images: imageMiB * imagesAtOnce,
    uploads: Math.ceil((maxBytesHeldByUploads * copies) / mebibyte),
    bodies: (maxBufferedBodyBytes * copies) / mebibyte,
    passwords: Math.ceil((passwordHashing.maxConcurrent * passwordHashing.memoryKiB) / 1024),
  };
  return { parts, totalMiB: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** The share of the memory limit that stays free for fragmentation and unknown costs. */
export const memoryMargin = 0.08;

export const fitsInto = (limitMiB: number, settings: MemorySettings): boolean =>
  memoryBudget(settings).totalMiB <= limitMiB * (1 - memoryMargin);
