import { AppError } from "./app-error.ts";

/**
 * What may be written down about an error. Messages of drivers and of the system name hosts, users and values,
 * so only messages that were written by us, or by the language about our own mistakes, go through.
 */
export type ErrorFacts = {
  type: string;
  code?: string;
  message?: string;
  frames?: string[];
  cause?: ErrorFacts;
};

const languageErrors = new Set(["TypeError", "RangeError", "ReferenceError"]);

export function redactError(error: unknown, depth = 0): ErrorFacts {
  if (!(error instanceof Error)) return { type: error === null ? "null" : typeof error };
  const code = "code" in error && (typeof error.code === "string" || typeof error.code === "number") ? error.code : "";
  const spoken = error instanceof AppError || (code === "" && languageErrors.has(error.name));
  const facts: ErrorFacts = { type: error.name };
  if (code !== "") facts.code = String(code);
  if (spoken) facts.message = error.message;
  const frames = stackFrames(error);
  if (frames.length > 0 && !(error instanceof AppError)) facts.frames = frames;
  if (error.cause !== undefined && depth < 3) facts.cause = redactError(error.cause, depth + 1);
  return facts;
}

/** The stack without its first lines, which repeat the message. */
function stackFrames(error: Error): string[] {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim().replace("file://", ""));
}
