import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Returns the measured commit; "unknown" if the sources have no git history. */
export function commitOf(folder = root): string {
  const git = (...words: string[]) => spawnSync("git", ["-C", folder, ...words], { encoding: "utf8" });
  const head = git("rev-parse", "--short=12", "HEAD");
  if (head.status !== 0) return "unknown";
  // Reports are in docs/ and may have changed.
  const changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs").stdout !== "";
  return `${head.stdout.trim()}${changed ? ", with changes that are not committed" : ""}`;
}
