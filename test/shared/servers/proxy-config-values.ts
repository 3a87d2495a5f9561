import { readFileSync } from "node:fs";

const root = new URL("../../../", import.meta.url);

/** Returns the text of a file of the repository, such as "haproxy/haproxy.cfg". */
export const shippedText = (file: string): string => readFileSync(new URL(file, root), "utf8");

/** Returns the number that the first group of the pattern finds. */
export function numberIn(text: string, pattern: RegExp): number {
  const found = Number(pattern.exec(text)?.[1]);
  if (!Number.isFinite(found)) throw new Error(`no number for ${pattern}`);
  return found;
}

/** Returns the duration that the first group of the pattern finds, such as `500ms`, `2s` or `1m`. */
export function secondsIn(text: string, pattern: RegExp): number {
  const [, count, unit = ""] = /^(\d+)(ms|s|m)$/.exec(pattern.exec(text)?.[1] ?? "") ?? [];
  const factor = { ms: 0.001, s: 1, m: 60 }[unit];
  if (factor === undefined) throw new Error(`no duration for ${pattern}`);
  return Number(count) * factor;
}
