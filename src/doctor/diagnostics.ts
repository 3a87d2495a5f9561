import type { Place } from "./facts/config-values.ts";

/** A file that cannot be read. The message continues a sentence that begins with the file name: `is not text`. */
export class UnreadableError extends Error {
  override readonly name = "Unreadable";
  readonly at: Place;

  constructor(at: Place, sentence: string) {
    super(sentence);
    this.at = at;
  }
}

/** Collects messages about parts of files that were not understood, and about files that could not be read. */
export type Diagnostics = {
  /** Records a part of a file that was not understood. No rule has checked this part. */
  addNote(at: Place, text: string): void;
  /** Records a file or another input that could not be read at all. */
  addUnreadable(at: Place, text: string): void;
  readonly notes: readonly (Place & { text: string })[];
  readonly unreadable: readonly (Place & { text: string })[];
};

export function createDiagnostics(): Diagnostics {
  const notes = new Map<string, Place & { text: string }>();
  const unreadable = new Map<string, Place & { text: string }>();
  const put = (map: typeof notes, { file, line }: Place, text: string) =>
    map.set(`${file}\n${line}\n${text}`, { file, line, text });
  return {
    addNote: (at, text) => void put(notes, at, text),
    addUnreadable: (at, text) => void put(unreadable, at, text),
    get notes() {
      return [...notes.values()];
    },
    get unreadable() {
      return [...unreadable.values()];
    },
  };
}

/** Reads each path. A path that cannot be read is recorded, and the other paths are still read. */
export function readEach<T>(
  paths: readonly string[] | undefined,
  diagnostics: Diagnostics,
  read: (path: string) => T,
): T[] {
  return (paths ?? []).flatMap((path) => {
    try {
      return [read(path)];
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      diagnostics.addUnreadable(error.at, error.message);
      return [];
    }
  });
}
