const unreleased = "## Unreleased";

export type Step = "major" | "minor" | "patch";

const steps: readonly string[] = ["major", "minor", "patch"] satisfies Step[];

export const isStep = (word: string): word is Step => steps.includes(word);

/** The next version by semver. Before 1.0.0, a minor version may contain breaking changes, and a patch must not. */
export function nextVersion(current: string, step: Step): string {
  const [major = 0, minor = 0, patch = 0] = current.split(".").map(Number);
  if (step === "major") return `${major + 1}.0.0`;
  return step === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/** Moves the entries under "Unreleased" to a new section with the version and the date. */
export function closeSection(changelog: string, version: string, date: string): string {
  if (notesOf(changelog, "Unreleased") === "") throw new Error("CHANGELOG.md has nothing under Unreleased.");
  return changelog.replace(unreleased, `${unreleased}\n\n## ${version} (${date})`);
}

/** Returns the text of a section; empty if there is none. */
export function notesOf(changelog: string, title: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find(
    (text) => text === title || text.startsWith(`## ${title} `) || text.startsWith(`## ${title}\n`),
  );
  return section?.slice(section.indexOf("\n")).trim() ?? "";
}
