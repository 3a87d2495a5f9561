import { readFileSync, statSync } from "node:fs";

/** Reads a text file, and refuses a pipe or a device: reading one may never end, and a second read returns something else. */
export function readRegularFile(file: string): string {
  const stats = statSync(file);
  // The error that reading a folder throws has a code of its own.
  if (!stats.isFile() && !stats.isDirectory()) throw new NotARegularFile();
  return readFileSync(file, "utf8");
}

class NotARegularFile extends Error {
  override readonly name = "NotARegularFile";
  readonly code = "not a regular file";
}
