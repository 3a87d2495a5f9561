import type { Place } from "./config-values.ts";

/** A file that cannot be read, in a sentence for the person who named it. */
export class UnreadableError extends Error {
  override readonly name = "Unreadable";
  readonly at: Place;

  constructor(at: Place, sentence: string) {
    super(sentence);
    this.at = at;
  }
}

/** Keeps what is to be said about the reading itself. */
export type Diagnostics = {
  /** Something that may matter and is not understood. */
  addNote(at: Place, text: string): void;
  /** Something that could not be read at all. */
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

/** Reads each path. A path that cannot be read is recorded, and the others are still read. */
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
