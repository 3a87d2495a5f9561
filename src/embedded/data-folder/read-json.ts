import { readFile } from "node:fs/promises";

/** Reads the parsed content of a file; undefined when the file is missing or holds no JSON. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}
