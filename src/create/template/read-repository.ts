import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProjectFile } from "../files.ts";

/** Reads the files that git tracks or would add. */
export function readRepository(root: string): Map<string, ProjectFile> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const paths = execFileSync("git", args, { cwd: root, maxBuffer: 64 * 2 ** 20 })
    .toString()
    .split("\0")
    .filter(Boolean);
  const files = new Map<string, ProjectFile>();
  for (const path of [...new Set(paths)].sort()) {
    const file = join(root, path);
    if (!existsSync(file)) continue;
    files.set(path, { content: readFileSync(file), executable: (lstatSync(file).mode & 0o111) !== 0 });
  }
  return files;
}
