import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../engine-error.ts";

/** Creates the folder and its parents. The recursive mode of mkdir is not used: in /proc, for example, it never returns. */
export async function createFolder(path: string): Promise<void> {
  if (await tryCreate(path)) return;
  if (dirname(path) !== path) await createFolder(dirname(path));
  await mkdir(path);
}

/** Returns false if the parent folder is missing. A file of that name counts as created; the first write into it fails. */
async function tryCreate(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return false;
    if (code === "EEXIST") return true;
    throw error;
  }
}
