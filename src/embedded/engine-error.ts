import { StartError } from "../core/start-error.ts";

/** What keeps the embedded engines from running, in one sentence for the user, who sees nothing else. */
export class EngineError extends StartError {}

const folderFailures: Record<string, string> = {
  EACCES: "may not be written by this user",
  EPERM: "may not be changed by this user",
  EROFS: "is on a read-only file system",
  ENOSPC: "is on a full disk",
  EDQUOT: "is over its disk quota",
  ENOTDIR: "is not a folder, or lies below a file",
  EEXIST: "is not a folder, or lies below a file",
  ENOENT: "cannot be made",
};

export const elsewhere =
  "set EMBEDDED_DATA_DIR to another folder, or DATABASE_URL and REDIS_URL to services of your own";

/** An error of the file system, told of the folder it is about; anything else as it is. */
export function aboutFolder(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof EngineError || !("code" in error)) return error;
  const reason = folderFailures[String(error.code)] ?? `cannot be used (${String(error.code)})`;
  return new EngineError(`The folder ${folder} for the embedded engines ${reason}: ${elsewhere}.`, { cause: error });
}

/** The line that says why, without what comes before the reason. */
export function lastErrorLine(lines: readonly string[]): string {
  if (lines.some((line) => line.includes("No space left on device"))) return "the disk is full";
  const telling = lines.map((line) => line.trim()).filter((line) => !/^$|\b(HINT|DETAIL|LOG|CONTEXT):/.test(line));
  const failure = telling.findLast((line) => /error|fatal|panic/i.test(line)) ?? telling.at(-1) ?? "it said nothing";
  return failure.replace(/^.*?\b(FATAL|PANIC|ERROR|error): +/, "").replace(/\.$/, "");
}
