import type { Diagnostics } from "../diagnostics.ts";
import { allRules } from "../rules/all-rules.ts";

/** A comment that turns a rule off for one line, or for the whole file. */
export type CommentIgnore = { rule: string; line: number | "file"; reason: string };

const pattern = /haven-doctor:\s*ignore(-file)?\s+([a-z][a-z0-9-]*(?:\s*,\s*[a-z][a-z0-9-]*)*)([^\n]*)/;

/** Returns whether a line is empty or contains only a comment, in any of the formats. */
const isComment = (line: string): boolean =>
  /^\s*(?:#|\/\/|;|\/\*|<!--|"\/\/|"\$?comment)/.test(line) || line.trim() === "";

/**
 * Finds `haven-doctor: ignore RULE reason` in any line, because the formats have different comments and JSON has none. The
 * comment applies to its line. If the line contains only the comment, it applies to the next line that is not a comment.
 */
export function commentIgnoresIn(source: string, file: string, diagnostics: Diagnostics): CommentIgnore[] {
  if (!source.includes("haven-doctor:")) return [];
  const lines = source.split("\n");
  return lines.flatMap((line, index): CommentIgnore[] => {
    const [, wholeFile, names = "", rest = ""] = pattern.exec(line) ?? [];
    if (names === "") return [];
    const at = { file, line: index + 1 };
    const reason = rest
      .trimEnd()
      .replace(/(?:\*\/|-->|"\s?,|[",])$/, "")
      .trim();
    if (reason === "") {
      diagnostics.addNote(at, `haven-doctor: ignore ${names}: has no reason, so it is not applied`);
      return [];
    }
    return names.split(/\s*,\s*/).flatMap((rule): CommentIgnore[] => {
      if (!allRules.some(({ id }) => id === rule)) {
        diagnostics.addNote(at, `haven-doctor: ignore ${rule}: unknown rule`);
        return [];
      }
      if (wholeFile !== undefined) return [{ rule, line: "file", reason }];
      return [{ rule, line: isComment(line) ? nextLine(lines, index) : index + 1, reason }];
    });
  });
}

function nextLine(lines: readonly string[], index: number): number {
  const next = lines.findIndex((line, other) => other > index && !isComment(line));
  return next === -1 ? index + 1 : next + 1;
}
