/** Words for each minute: slower than prose is read by day, because the reader is tired and the text is technical. */
const wordsPerMinute = 200;

/** Counts words, numbers and names; punctuation and the frame of a JSON text are not read. */
export const wordsOf = (text: string): number => text.match(/[\p{L}\p{N}]+(?:[._:/-]+[\p{L}\p{N}]+)*/gu)?.length ?? 0;

/** Returns how long a person needs to read the text. */
export const readingSeconds = (text: string): number => (wordsOf(text) / wordsPerMinute) * 60;
