export type BannedPhrase = { phrase: string; pattern: RegExp; instead: string };
export type Occurrence = { line: number; phrase: string; instead: string };

/** Between two words of a phrase, there may be a line break and the marks that begin a comment line. */
const gap = String.raw`[\s*/#>|]+`;

const ban = (phrase: string, instead: string): BannedPhrase => ({
  phrase,
  pattern: new RegExp(String.raw`\b(?:${phrase.replaceAll(" ", gap)})\b`, "gi"),
  instead,
});

/** Expressions that readers had to read twice, and what to write instead. */
export const bannedPhrases: readonly BannedPhrase[] = [
  ban("whoever|whomever|whom|whosoever", "name the actor: the caller, the client, the operator"),
  ban("nobody|nobodys", "no client, no reader, none; or the passive: is not read"),
  ban("somebody|someone", "name the actor: a user, another request"),
  ban("everybody", "all instances, all users, the fleet"),
  ban("anew", "again"),
  ban("as ever", "unchanged"),
  ban("all the same", "even so, nevertheless"),
  ban("no such thing|no such unit of yours", "not found"),
  ban("guinea pig", "trial"),
  ban("to be had", "available"),
  ban("mend|mends|mended|mending", "fix"),
  ban("(?:says|said|say|saying) aloud", "reports"),
  ban("no longer as", "has changed"),
  ban("who gives up|whose trouble", "which timeout ends first; cause undetermined"),
  ban("(?:there|it|that) is no more", "was removed"),
  ban("told|tellings?", "reported, configured, informed"),
  ban("asked|askers?", "requested, queried, called"),
  ban("heard", "received"),
  ban("pardons?|forgiven?|forgave", "exempted"),
  ban("as if nothing had happened|on the quiet|at the door", "say what happens"),
];

/** Legitimate uses: the exact text, in the one file where it stands. */
export const allowedTexts: Readonly<Record<string, readonly string[]>> = {
  // the Unix user of that name
  "src/embedded/postgres/run-as.ts": ['preferredUser = "nobody"'],
  // CloudFormation replaces a security group whose description changes
  "cloud/aws/alb.yaml": ["Load balancer of Haven, for everybody"],
  "cloud/aws/alb.sh": ["Load balancer of Haven, for everybody"],
};

export function findBannedPhrases(file: string, text: string): Occurrence[] {
  const checked = (allowedTexts[file] ?? []).reduce((rest, allowed) => rest.replaceAll(allowed, ""), text);
  return bannedPhrases
    .flatMap(({ pattern, instead }) =>
      [...checked.matchAll(pattern)].map(({ 0: phrase, index }) => ({
        line: checked.slice(0, index).split("\n").length,
        phrase: phrase.replaceAll(new RegExp(gap, "g"), " "),
        instead,
      })),
    )
    .sort((a, b) => a.line - b.line);
}

export type Counts = Readonly<Record<string, number>>;

/** Files with more occurrences than recorded, and files whose record can be lowered. */
export function compareWithBaseline(counts: Counts, baseline: Counts): { above: string[]; below: string[] } {
  const files = [...new Set([...Object.keys(counts), ...Object.keys(baseline)])].sort();
  return {
    above: files.filter((file) => (counts[file] ?? 0) > (baseline[file] ?? 0)),
    below: files.filter((file) => (counts[file] ?? 0) < (baseline[file] ?? 0)),
  };
}

export const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
