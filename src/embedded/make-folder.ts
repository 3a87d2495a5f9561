import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Like mkdir's own recursive mode, which never returns where the system says ENOENT below a folder that exists (/proc). */
export async function makeFolder(path: string): Promise<void> {
  const first = await made(path);
  if (first !== "ENOENT") return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path);
}

async function made(path: string): Promise<"made" | "ENOENT"> {
  try {
    await mkdir(path);
    return "made";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return code;
    // a file of that name shows when something is put into it
    if (code === "EEXIST") return "made";
    throw error;
  }
}
