// What one instance needs at worst, in MiB: the memory limits that ship are checked against this sum.

export const mebibyte = 2 ** 20;

/** argon2 allocates outside the heap, once for each password that is hashed at the same time. */
export const passwordHashing = { maxConcurrent: 3, memoryKiB: 19_456 } as const;

/** Code, stacks, thread pools and socket buffers. */
const baseline = 80;

/** V8 adds it to `--max-old-space-size`: three semi-spaces of 32 MiB. */
const youngGeneration = 96;

/**
 * The most that one image takes while it is decoded, measured: an AVIF of 16 megapixels with 12 bits, 4:4:4 and alpha.
 * An interlaced PNG of 40 megapixels with 16 bits takes nearly as much.
 */
const image = 420;

/** JSON bodies that are being read, of all requests together. */
export const maxBufferedBodyBytes = 16 * mebibyte;

/** An upload or a body is held twice while its pieces are joined. */
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
    youngGeneration,
    baseline,
    images: image * imagesAtOnce,
    uploads: Math.ceil((maxBytesHeldByUploads * copies) / mebibyte),
    bodies: (maxBufferedBodyBytes * copies) / mebibyte,
    passwords: Math.ceil((passwordHashing.maxConcurrent * passwordHashing.memoryKiB) / 1024),
  };
  return { parts, totalMiB: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** Of the limit: for fragmentation, and for what this sum leaves out. */
export const memoryMargin = 0.08;

export const fitsInto = (limitMiB: number, settings: MemorySettings): boolean =>
  memoryBudget(settings).totalMiB <= limitMiB * (1 - memoryMargin);
