import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Place } from "./facts.ts";

/** A file that cannot be read, in a sentence for the person who named it. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly at: Place;

  constructor(at: Place, sentence: string) {
    super(sentence);
    this.at = at;
  }
}

export type Files = {
  kind(path: string): "file" | "folder" | "other" | "none";
  read(path: string): string;
  /** Names in a folder, sorted. */
  list(path: string): readonly string[];
  /** The path as the person at the terminal would write it. */
  shown(path: string): string;
};

/** Keeps what is to be said about the reading itself. */
export type Ledger = {
  /** Something that may matter and is not understood. */
  note(at: Place, text: string): void;
  /** Something that could not be read at all. */
  unread(at: Place, text: string): void;
  readonly notes: readonly (Place & { text: string })[];
  readonly unreadable: readonly (Place & { text: string })[];
};

const mostBytes = 4_000_000;
const pieceBytes = 65_536;

export function createLedger(): Ledger {
  const notes = new Map<string, Place & { text: string }>();
  const unreadable = new Map<string, Place & { text: string }>();
  const put = (map: typeof notes, { file, line }: Place, text: string) =>
    map.set(`${file}\n${line}\n${text}`, { file, line, text });
  return {
    note: (at, text) => void put(notes, at, text),
    unread: (at, text) => void put(unreadable, at, text),
    get notes() {
      return [...notes.values()];
    },
    get unreadable() {
      return [...unreadable.values()];
    },
  };
}

export function filesOnDisk(folder: string, ledger = createLedger()): Files {
  const shown = (path: string) => {
    const short = relative(folder, path);
    return short.startsWith("..") ? path : short || ".";
  };
  return {
    shown,
    kind(path) {
      const found = statOf(resolve(folder, path));
      // Reading it will say why it could not be looked at.
      if (found === "refused") return "file";
      if (found === undefined) return "none";
      if (found.isFile()) return "file";
      return found.isDirectory() ? "folder" : "other";
    },
    list: (path) => readdirSync(resolve(folder, path)).sort(),
    read: (path) => textOf(readBytes(resolve(folder, path), shown(path)), shown(path), ledger),
  };
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return "refused";
  }
}

/** Reads no more than is looked at, whatever the file's size says. */
function readBytes(path: string, file: string): Buffer {
  let handle: number | undefined;
  try {
    handle = openSync(path, "r");
    const parts: Buffer[] = [];
    for (let length = 0; length <= mostBytes; ) {
      const part = Buffer.allocUnsafe(pieceBytes);
      const taken = readSync(handle, part, 0, pieceBytes, null);
      if (taken === 0) break;
      parts.push(part.subarray(0, taken));
      length += taken;
    }
    return Buffer.concat(parts);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Unreadable({ file, line: 1 }, `cannot be read (${code})`);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

export function readStandardInput(ledger: Ledger): string {
  const file = "stdin";
  if (process.stdin.isTTY) throw new Unreadable({ file, line: 1 }, "nothing is piped into standard input");
  try {
    return filled(textOf(readFileSync(0), file, ledger), file);
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable({ file, line: 1 }, "standard input cannot be read");
  }
}

/** A program or an image has them, a text has none. */
const isControl = (byte: number): boolean => byte < 9 || (byte > 13 && byte < 32);

/** What is not UTF-8 has letters of an older alphabet, mostly in comments. */
function textOf(data: Buffer, file: string, ledger: Ledger): string {
  const at = { file, line: 1 };
  if (data.length > mostBytes)
    throw new Unreadable(at, `is larger than ${mostBytes / 1_000_000} MB, so it is hardly a configuration`);
  if (data.includes(0)) throw new Unreadable(at, "is not text");
  if (isUtf8(data)) return data.toString("utf8").replace(/^\uFEFF/, "");
  if (data.some(isControl)) throw new Unreadable(at, "is not text");
  const text = data.toString("latin1");
  const line = text.slice(0, text.search(/[\u0080-\u00ff]/)).split("\n").length;
  ledger.note({ file, line }, "is not in UTF-8: it is read as Latin-1");
  return text;
}

function filled(text: string, file: string): string {
  if (text.trim() === "") throw new Unreadable({ file, line: 1 }, "is empty");
  return text;
}

/** The text of a file that has to be there. */
export function readWanted(files: Files, path: string): string {
  const at = { file: files.shown(path), line: 1 };
  if (files.kind(path) === "other") throw new Unreadable(at, "is neither a file nor a folder");
  return filled(readSettings(files, path), at.file);
}

/** Settings may be none, and come out of a pipe or from /dev/null. */
export function readSettings(files: Files, path: string): string {
  const at = { file: files.shown(path), line: 1 };
  const kind = files.kind(path);
  if (kind === "none") throw new Unreadable(at, "does not exist");
  if (kind === "folder") throw new Unreadable(at, "is a folder, and a file is wanted here");
  return files.read(path);
}

export const isReadable = (files: Files, path: string): boolean => /^(?:file|other)$/.test(files.kind(path));
