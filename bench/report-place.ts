import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";

/** Makes sure that a report can be written before anything is measured for it; says why where it cannot. */
export function obstacleAt(file: string, images: string): string | undefined {
  try {
    mkdirSync(join(dirname(file), images), { recursive: true });
    closeSync(openSync(file, "a"));
    return undefined;
  } catch (error) {
    return `The report cannot be written: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
