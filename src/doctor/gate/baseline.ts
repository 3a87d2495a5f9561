import { createHash } from "node:crypto";
import { z } from "zod";
import { parseJson } from "../../core/parse-json.ts";
import { UnreadableError } from "../diagnostics.ts";
import { type Files, readRequiredFile } from "../files.ts";
import type { Finding } from "../rule.ts";

const schema = z.object({
  version: z.literal(1),
  findings: z.array(z.object({ rule: z.string(), file: z.string(), fingerprint: z.string() })),
});

export type Baseline = ReadonlySet<string>;

/**
 * Identifies a finding by its rule, its file and the text of its line, so that the fingerprint is unchanged when the line
 * moves. If the text of the line changes, the finding counts as new.
 */
export function fingerprintOf({ rule, places, message }: Finding, lineAt: LineAt): string {
  const [first] = places;
  const line = first === undefined ? undefined : lineAt(first.file, first.line);
  const subject = line ?? message.replaceAll(/\d+/g, "0");
  return createHash("sha256")
    .update([rule, first?.file ?? "", subject.trim()].join("\n"))
    .digest("hex")
    .slice(0, 16);
}

/** The text of a line; undefined where the file cannot be read again. */
export type LineAt = (file: string, line: number) => string | undefined;

export function readBaseline(files: Files, path: string): Baseline {
  const at = { file: files.displayPath(path), line: 1 };
  const parsed = schema.safeParse(parseJson(readRequiredFile(files, path)));
  if (!parsed.success) throw new UnreadableError(at, "is not a baseline: write one with --write-baseline");
  return new Set(parsed.data.findings.map(({ fingerprint }) => fingerprint));
}

export function baselineText(findings: readonly Finding[], lineAt: LineAt): string {
  const entries = findings.map((finding) => ({
    rule: finding.rule,
    file: finding.places[0]?.file ?? "",
    fingerprint: fingerprintOf(finding, lineAt),
  }));
  const sorted = entries.sort((a, b) => `${a.file} ${a.rule}`.localeCompare(`${b.file} ${b.rule}`));
  return `${JSON.stringify({ version: 1, findings: sorted }, null, 2)}\n`;
}
