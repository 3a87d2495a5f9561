import { type Claim, figuresOf } from "./outcome.ts";

/** An earlier report: its commit, its day, and its figures as they are written there. */
type EarlierReport = { commit: string; day: string; figures: ReadonlyMap<string, string> };

export type ClaimOfScenario = {
  claim: Claim;
  /** Why the figure differs from the one in the last report, if the reason is a change of the server or of the scenario. */
  changed?: string | undefined;
};

/** Reads the figures of a report that `npm run bench` has written; undefined for any other text. */
export function readReport(text: string): EarlierReport | undefined {
  const joined = text.replaceAll(/\s+/g, " ");
  const [, commit, day] = /`npm run bench`: commit (\w+), ([\d-]+),/.exec(joined) ?? [];
  if (commit === undefined || day === undefined) return undefined;
  const rows = text.matchAll(/^\| (.+?) \| at (?:least|most) [^|]+ \| \*\*([^*]+)\*\* \|/gm);
  return { commit, day, figures: new Map([...rows].map(([, what = "", figure = ""]) => [what, figure])) };
}

/** Describes which figures differ from the last report, and why. */
export function changesSince(earlier: EarlierReport, measured: readonly ClaimOfScenario[]): string {
  const lines: string[] = [];
  const reasons = new Set<string>();
  const added: string[] = [];
  for (const { claim, changed } of measured) {
    const before = earlier.figures.get(claim.what);
    if (before === undefined) {
      added.push(claim.what);
      continue;
    }
    const now = figuresOf(claim)(claim.measured.median);
    if (!differs(before, now)) continue;
    const isNewReason = changed !== undefined && !reasons.has(changed);
    if (changed !== undefined) reasons.add(changed);
    lines.push(`- ${claim.what}: ${now}, before ${before}.${isNewReason ? ` ${changed}` : ""}`);
  }
  if (lines.length === 0 && added.length === 0) lines.push("- No figure changed by more than a tenth.");
  for (const what of added) lines.push(`- New: ${what}.`);
  return [`What changed since the run of ${earlier.day} (commit ${earlier.commit}), and why:`, "", ...lines].join("\n");
}

/** Two runs of the same code on one machine differ by up to this share. */
const ignoredDifference = 0.1;

function differs(before: string, now: string): boolean {
  const [old, current] = [before, now].map((written) => Number.parseFloat(written.replaceAll(",", "")));
  if (old === undefined || current === undefined || old === 0) return before !== now;
  return Math.abs(current - old) / Math.abs(old) > ignoredDifference;
}
