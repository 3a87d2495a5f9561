import type { Finding } from "./rule.ts";

const overlay = /^kubectl kustomize (.*)\/overlays\/[^/]+/;

/** Returns the folder whose overlays have the finding; undefined for a finding that is not in the output of an overlay. */
function baseOf({ places }: Finding): string | undefined {
  const bases = new Set(places.map(({ file }) => overlay.exec(file)?.[1]));
  const [base] = bases;
  return bases.size === 1 ? base : undefined;
}

/** Returns the last part of the subject's name, because overlays add prefixes to the names of their base. */
const subjectOf = ({ message }: Finding): string => message.split(" ")[0]?.split("-").at(-1) ?? "";

/** Merges a finding that several overlays of one base have into one finding, with a place in each of them. */
export function mergeOverlays(findings: readonly Finding[]): Finding[] {
  const merged = new Map<string, Finding>();
  for (const [index, finding] of findings.entries()) {
    const base = baseOf(finding);
    const key = base === undefined ? String(index) : [finding.rule, base, subjectOf(finding)].join("\n");
    const earlier = merged.get(key);
    merged.set(key, earlier === undefined ? finding : mergeFindings(earlier, finding));
  }
  return [...merged.values()];
}

const mergeFindings = (first: Finding, other: Finding): Finding => ({
  ...first,
  message: first.message.replace(
    /(?: Other overlays have the same problem\.)?$/,
    " Other overlays have the same problem.",
  ),
  places: [...first.places, ...other.places],
  edits: [...first.edits, ...other.edits],
});
