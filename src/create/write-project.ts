import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProjectFiles } from "./files.ts";

/** Files that a fresh repository or an editor puts into a folder. */
const harmless = new Set([".git", ".DS_Store", ".idea", ".vscode"]);

/** Returns why a project cannot be written into the folder, or undefined. */
export function folderProblem(folder: string): string | undefined {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) return `${folder} exists and is not a folder.`;
  const files = readdirSync(folder).filter((name) => !harmless.has(name));
  if (files.length === 0) return undefined;
  return `The folder ${folder} is not empty: it contains ${files.slice(0, 3).join(", ")}${files.length > 3 ? ", …" : ""}. Choose another folder.`;
}

/** Writes the files of the project. Throws instead of overwriting a file that has appeared in the meantime. */
export function writeProject(folder: string, files: ProjectFiles): void {
  for (const [path, { content, executable }] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: executable ? 0o755 : 0o644, flag: "wx" });
  }
}
