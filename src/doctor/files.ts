import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { createDiagnostics, type Diagnostics, UnreadableError } from "./diagnostics.ts";

export type Files = {
  kind(path: string): "file" | "folder" | "other" | "none";
  read(path: string): string;
  /** Returns the names in a folder, sorted. */
  list(path: string): readonly string[];
  /** Returns the path without symbolic links. */
  realPath(path: string): string;
  /** Returns the path for messages, relative to the working folder. */
  displayPath(path: string): string;
};

const maxBytes = 4_000_000;
const chunkBytes = 65_536;

export function filesOnDisk(folder: string, diagnostics = createDiagnostics()): Files {
  const displayPath = (path: string) => {
    const short = relative(folder, path);
    return short.startsWith("..") ? path : short || ".";
  };
  return {
    displayPath,
    kind(path) {
      const found = statOf(resolve(folder, path));
      // The type of the path is unknown. Reading it as a file reports why it cannot be opened.
      if (found === "refused") return "file";
      if (found === undefined) return "none";
      if (found.isFile()) return "file";
      return found.isDirectory() ? "folder" : "other";
    },
    list(path) {
      try {
        return readdirSync(resolve(folder, path)).sort();
      } catch (error) {
        throw unreadable(displayPath(path), error);
      }
    },
    realPath(path) {
      try {
        return realpathSync(resolve(folder, path));
      } catch (error) {
        throw unreadable(displayPath(path), error);
      }
    },
    read: (path) => textOf(readBytes(resolve(folder, path), displayPath(path)), displayPath(path), diagnostics),
  };
}

function unreadable(file: string, error: unknown): UnreadableError {
  return new UnreadableError({ file, line: 1 }, `cannot be read (${codeOf(error)})`);
}

/** Returns the code of an error of the file system, such as ENOENT. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown";

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return "refused";
  }
}

/** Stops after maxBytes, whatever size the file system reports. */
function readBytes(path: string, file: string): Buffer {
  let handle: number | undefined;
  try {
    handle = openSync(path, "r");
    const parts: Buffer[] = [];
    for (let length = 0; length <= maxBytes; ) {
      const part = Buffer.allocUnsafe(chunkBytes);
      const bytesRead = readSync(handle, part, 0, chunkBytes, null);
      if (bytesRead === 0) break;
      parts.push(part.subarray(0, bytesRead));
      length += bytesRead;
    }
    return Buffer.concat(parts);
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

export function readStandardInput(diagnostics: Diagnostics): string {
  const file = "stdin";
  if (process.stdin.isTTY) throw new UnreadableError({ file, line: 1 }, "no data was piped into standard input");
  try {
    return requireText(textOf(readFileSync(0), file, diagnostics), file);
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError({ file, line: 1 }, "standard input cannot be read");
  }
}

/** Returns whether the byte is a control character that occurs in binary files and not in text. */
const isControl = (byte: number): boolean => byte < 9 || (byte > 13 && byte < 32);

/** Decodes text that is not UTF-8 as Latin-1, the most frequent other encoding. */
function textOf(data: Buffer, file: string, diagnostics: Diagnostics): string {
  const at = { file, line: 1 };
  if (data.length > maxBytes)
    throw new UnreadableError(at, `is larger than ${maxBytes / 1_000_000} MB, which is too large for a configuration`);
  if (data.includes(0)) throw new UnreadableError(at, "is not text");
  if (isUtf8(data)) return data.toString("utf8").replace(/^\uFEFF/, "");
  if (data.some(isControl)) throw new UnreadableError(at, "is not text");
  const text = data.toString("latin1");
  const line = text.slice(0, text.search(/[\u0080-\u00ff]/)).split("\n").length;
  diagnostics.addNote({ file, line }, "is not in UTF-8: it is read as Latin-1");
  return text;
}

function requireText(text: string, file: string): string {
  if (text.trim() === "") throw new UnreadableError({ file, line: 1 }, "is empty");
  return text;
}

/** Reads a file that must exist and must not be empty. */
export function readRequiredFile(files: Files, path: string): string {
  const at = { file: files.displayPath(path), line: 1 };
  if (files.kind(path) === "other") throw new UnreadableError(at, "is neither a file nor a folder");
  return requireText(readOptionalText(files, path), at.file);
}

/** Reads a text that may be empty, and may come from a pipe or from /dev/null. */
export function readOptionalText(files: Files, path: string): string {
  const at = { file: files.displayPath(path), line: 1 };
  const kind = files.kind(path);
  if (kind === "none") throw new UnreadableError(at, "does not exist");
  if (kind === "folder") throw new UnreadableError(at, "is a folder, and a file is expected here");
  return files.read(path);
}

export const isReadable = (files: Files, path: string): boolean => /^(?:file|other)$/.test(files.kind(path));
