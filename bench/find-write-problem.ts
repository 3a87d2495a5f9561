import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";

/** Checks before the measurement that the report can be written; returns the problem if not. */
export function findWriteProblem(file: string, images: string): string | undefined {
  try {
    mkdirSync(join(dirname(file), images), { recursive: true });
    closeSync(openSync(file, "a"));
    return undefined;
  } catch (error) {
    return `The report cannot be written: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
