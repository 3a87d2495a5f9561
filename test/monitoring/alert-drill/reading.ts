/** A slow reading speed, because the reader may be tired and the text is technical. */
const wordsPerMinute = 200;

/** Counts words, numbers and names, but not punctuation, such as that of JSON. */
export const wordsOf = (text: string): number => text.match(/[\p{L}\p{N}]+(?:[._:/-]+[\p{L}\p{N}]+)*/gu)?.length ?? 0;

/** Returns how long a person needs to read the text. */
export const readingSeconds = (text: string): number => (wordsOf(text) / wordsPerMinute) * 60;
