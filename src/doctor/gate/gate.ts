import { matchesGlob } from "node:path";
import type { Diagnosis } from "../diagnose.ts";
import { type Diagnostics, UnreadableError } from "../diagnostics.ts";
import type { Place } from "../facts/config-values.ts";
import type { Files } from "../files.ts";
import { isFile } from "../report/place-text.ts";
import type { Finding } from "../rule.ts";
import { type Baseline, fingerprintOf, type LineAt } from "./baseline.ts";
import { type CommentIgnore, commentIgnoresIn } from "./comment-ignores.ts";
import type { ConfiguredIgnore } from "./gate-config.ts";

/** An ignored finding, with the reason that a user gave. */
export type Ignored = { finding: Finding; by: "comment" | "config" | "baseline"; reason: string };
export type GatedDiagnosis = Diagnosis & { ignored: readonly Ignored[] };

type GateInput = {
  files: Files;
  ignores: readonly ConfiguredIgnore[];
  /** The file that holds `ignores`, for messages. */
  configFile: string;
  baseline: Baseline | undefined;
  /** The day in the form 2026-11-30, for ignores that expire. */
  today: string;
  diagnostics: Diagnostics;
};

/** Separates the findings that comments, the configuration or the baseline ignore. */
export function applyGate(diagnosis: Diagnosis, input: GateInput): GatedDiagnosis {
  const { files, baseline, diagnostics } = input;
  const texts = new Map<string, readonly string[]>();
  const comments = new Map<string, readonly CommentIgnore[]>();
  const activeIgnores = input.ignores.filter((one) => !isExpired(one, input));
  const ignored: Ignored[] = [];
  const findings = diagnosis.findings.flatMap((finding): Finding[] => {
    const configured = activeIgnores.find((one) => matches(one, finding));
    if (configured !== undefined) return drop(finding, "config", configured.reason);
    const { kept, reason } = withoutComments(finding, commentsOf);
    if (kept === undefined) return drop(finding, "comment", reason);
    if (baseline?.has(fingerprintOf(kept, lineAt))) return drop(kept, "baseline", "in the baseline");
    return [kept];
  });
  return { ...diagnosis, findings, ignored, notUnderstood: diagnostics.notes };

  function drop(finding: Finding, by: Ignored["by"], reason: string): Finding[] {
    ignored.push({ finding, by, reason });
    return [];
  }

  function commentsOf(file: string): readonly CommentIgnore[] {
    const found = comments.get(file) ?? commentIgnoresIn(linesIn(file, files, texts).join("\n"), file, diagnostics);
    comments.set(file, found);
    return found;
  }

  function lineAt(file: string, line: number): string | undefined {
    return linesIn(file, files, texts)[line - 1];
  }
}

/** Re-reads the lines of a file. Returns no lines for the output of a command, standard input or a URL. */
function linesIn(file: string, files: Files, texts: Map<string, readonly string[]>): readonly string[] {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const lines = textOf(file, files).split("\n");
  texts.set(file, lines);
  return lines;
}

function textOf(file: string, files: Files): string {
  if (!isFile({ file, line: 1 }) || files.kind(file) !== "file") return "";
  try {
    return files.read(file);
  } catch (error) {
    if (error instanceof UnreadableError) return "";
    throw error;
  }
}

export const lineReader = (files: Files): LineAt => {
  const texts = new Map<string, readonly string[]>();
  return (file, line) => linesIn(file, files, texts)[line - 1];
};

function isExpired({ rule, expires }: ConfiguredIgnore, { today, configFile, diagnostics }: GateInput): boolean {
  if (expires === undefined || expires >= today) return false;
  diagnostics.addNote({ file: configFile, line: 1 }, `the ignore of ${rule} expired on ${expires}`);
  return true;
}

const matches = ({ rule, file }: ConfiguredIgnore, finding: Finding): boolean =>
  rule === finding.rule &&
  (file === undefined || finding.places.some((place) => place.file === file || matchesGlob(place.file, file)));

/**
 * Applies the comments at the places of a finding. One comment that ignores the rule is enough to ignore the finding. If
 * the finding has separate places, only the places with such a comment are left out. `kept` is undefined if the finding is
 * ignored.
 */
function withoutComments(
  finding: Finding,
  commentsOf: (file: string) => readonly CommentIgnore[],
): { kept: Finding | undefined; reason: string } {
  const ignoreAt = ({ file, line }: Place): CommentIgnore | undefined =>
    commentsOf(file).find((one) => one.rule === finding.rule && (one.line === "file" || one.line === line));
  const found = finding.places.map(ignoreAt);
  const reason = found.find((one) => one !== undefined)?.reason ?? "";
  if (found.every((one) => one === undefined)) return { kept: finding, reason };
  const places = finding.places.filter((_, index) => found[index] === undefined);
  if (!finding.hasSeparatePlaces || places.length === 0) return { kept: undefined, reason };
  return {
    kept: { ...finding, places, edits: finding.edits.filter(({ at }) => places.some((one) => one.line === at.line)) },
    reason,
  };
}
