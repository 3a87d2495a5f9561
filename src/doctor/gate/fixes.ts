import { isUtf8 } from "node:buffer";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { resolve, sep } from "node:path";
import type { Place } from "../facts/config-values.ts";
import { codeOf } from "../files.ts";
import type { Edit, Finding } from "../rule.ts";

/** A change that was written to a file. */
export type Fixed = { rule: string; file: string; line: number; from: string; to: string };

export type Fixes = { fixed: readonly Fixed[]; refused: readonly (Place & { text: string })[] };

/**
 * Writes the edits of the findings to files in the allowed folders. An edit is written only if the text that it replaces
 * occurs exactly once on the line.
 */
export function writeFixes(findings: readonly Finding[], folder: string, allowedFolders: readonly string[]): Fixes {
  // A folder on the command line may be missing. An earlier step has already reported its files as not found.
  const roots = allowedFolders.filter((one) => existsSync(one)).map((one) => realpathSync(one));
  const refused: (Place & { text: string })[] = [];
  const edits = findings.flatMap(({ rule, edits: findingEdits }) => findingEdits.map((edit) => ({ rule, edit })));
  const byFile = Map.groupBy(edits, ({ edit }) => edit.at.file);
  const fixed = [...byFile].flatMap(([file, fileEdits]) => {
    try {
      return fixFile(file, fileEdits);
    } catch (error) {
      refused.push({ file, line: 1, text: `cannot be fixed (${codeOf(error)})` });
      return [];
    }
  });
  return { fixed, refused };

  function fixFile(file: string, fileEdits: readonly { rule: string; edit: Edit }[]): Fixed[] {
    const path = realpathSync(resolve(folder, file));
    if (!roots.some((root) => path.startsWith(root === sep ? root : `${root}${sep}`))) {
      refused.push({ file, line: 1, text: "cannot be fixed: the file is outside the folders of the command line" });
      return [];
    }
    const data = readFileSync(path);
    // Writing the file as UTF-8 would change special characters in another encoding.
    if (!isUtf8(data)) return [];
    const lines = data.toString("utf8").split("\n");
    const written = fileEdits.flatMap(({ rule, edit }) => {
      const changed = replaced(lines[edit.at.line - 1], edit);
      if (changed === undefined) return [];
      lines[edit.at.line - 1] = changed;
      return [{ rule, file, line: edit.at.line, from: edit.from, to: edit.to }];
    });
    if (written.length > 0) writeFileSync(path, lines.join("\n"));
    return written;
  }
}

function replaced(line: string | undefined, { from, to }: Edit): string | undefined {
  if (line === undefined || line.split(from).length !== 2) return undefined;
  return line.replace(from, () => to);
}
