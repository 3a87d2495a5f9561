import { isUtf8 } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Edit, Finding } from "../rule.ts";

/** A change that was written to a file. */
export type Fixed = { rule: string; file: string; line: number; from: string; to: string };

/** Writes the edits of the findings. An edit whose text is not exactly once on its line is left out. */
export function writeFixes(findings: readonly Finding[], folder: string): Fixed[] {
  const edits = findings.flatMap(({ rule, edits: own }) => own.map((edit) => ({ rule, edit })));
  const byFile = Map.groupBy(edits, ({ edit }) => edit.at.file);
  return [...byFile].flatMap(([file, own]) => {
    const path = resolve(folder, file);
    const data = readFileSync(path);
    // Writing a file in another encoding would change its other characters.
    if (!isUtf8(data)) return [];
    const lines = data.toString("utf8").split("\n");
    const fixed = own.flatMap(({ rule, edit }) => {
      const changed = replaced(lines[edit.at.line - 1], edit);
      if (changed === undefined) return [];
      lines[edit.at.line - 1] = changed;
      return [{ rule, file, line: edit.at.line, from: edit.from, to: edit.to }];
    });
    if (fixed.length > 0) writeFileSync(path, lines.join("\n"));
    return fixed;
  });
}

function replaced(line: string | undefined, { from, to }: Edit): string | undefined {
  if (line === undefined || line.split(from).length !== 2) return undefined;
  return line.replace(from, () => to);
}
