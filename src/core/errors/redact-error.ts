import { AppError } from "./app-error.ts";

/**
 * The part of an error that may be logged. Messages of drivers and of the system contain host names, users and values,
 * so a message is kept only if it was written in this project or by the JavaScript engine.
 */
export type ErrorFacts = {
  type: string;
  code?: string;
  message?: string;
  frames?: string[];
  cause?: ErrorFacts;
};

const engineErrors = new Set(["TypeError", "RangeError", "ReferenceError"]);

export function redactError(error: unknown, depth = 0): ErrorFacts {
  if (!(error instanceof Error)) return { type: error === null ? "null" : typeof error };
  const code = "code" in error && (typeof error.code === "string" || typeof error.code === "number") ? error.code : "";
  const isMessageSafe = error instanceof AppError || (code === "" && engineErrors.has(error.name));
  const facts: ErrorFacts = { type: error.name };
  if (code !== "") facts.code = String(code);
  if (isMessageSafe) facts.message = error.message;
  const frames = stackFrames(error);
  if (frames.length > 0 && !(error instanceof AppError)) facts.frames = frames;
  if (error.cause !== undefined && depth < 3) facts.cause = redactError(error.cause, depth + 1);
  return facts;
}

/** Returns the stack without its first lines, which repeat the message. */
function stackFrames(error: Error): string[] {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim().replace("file://", ""));
}
