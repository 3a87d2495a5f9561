import { StartError } from "../core/errors/start-error.ts";

/** Why the embedded engines cannot run. The message is one sentence, and only this sentence is printed. */
export class EngineError extends StartError {}

const folderFailures: Record<string, string> = {
  EACCES: "is not writable by this user",
  EPERM: "cannot be changed by this user",
  EROFS: "is on a read-only file system",
  ENOSPC: "is on a full disk",
  EDQUOT: "is over its disk quota",
  ENOTDIR: "is not a folder, or is below a file",
  EEXIST: "is not a folder, or is below a file",
  ENOENT: "cannot be created",
};

export const alternative =
  "set EMBEDDED_DATA_DIR to another folder, or DATABASE_URL and REDIS_URL to services of your own";

/** Returns a file-system error as a sentence about the folder; any other error unchanged. */
export function describeFolderError(error: unknown, folder: string): unknown {
  const code = errorCode(error);
  if (code === undefined || error instanceof EngineError) return error;
  const reason = folderFailures[code] ?? `cannot be used (${code})`;
  return new EngineError(`The folder ${folder} for the embedded engines ${reason}: ${alternative}.`, { cause: error });
}

/** Returns the last line that states an error, without its prefix. */
export function lastErrorLine(lines: readonly string[]): string {
  if (lines.some((line) => line.includes("No space left on device"))) return "the disk is full";
  const messages = lines.map((line) => line.trim()).filter((line) => !/^$|\b(HINT|DETAIL|LOG|CONTEXT):/.test(line));
  const failure = messages.findLast((line) => /error|fatal|panic/i.test(line)) ?? messages.at(-1) ?? "no output";
  return failure.replace(/^.*?\b(FATAL|PANIC|ERROR|error): +/, "").replace(/\.$/, "");
}

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;
