import type { Example, Rule } from "../rule.ts";
import { families } from "../rules/all.ts";

const languages: Readonly<Record<string, string>> = {
  nginx: "nginx",
  haproxy: "haproxy",
  settings: "sh",
  railway: "json",
};

/** The part of docs/doctor.md about the rules; a test holds the page to it. */
export const rulesPage = (): string =>
  families.map(({ name, about, rules }) => [`### ${name}-: ${about}`, ...rules.map(section)].join("\n\n")).join("\n\n");

const section = ({ id, severity, title, reason, arithmetic, fix, example }: Rule): string =>
  [
    `#### ${id}`,
    `${title} (${severity}).`,
    `- Has to hold: ${arithmetic}`,
    `- Else: ${reason}`,
    `- Mend: ${fix}`,
    `${exampleOf(example)}`,
  ]
    .join("\n")
    .replace(`${title} (${severity}).\n`, `${title} (${severity}).\n\n`)
    .replace(`#### ${id}\n`, `#### ${id}\n\n`)
    .replace("\n```", "\n\n```");

/** Only the lines that differ, broken and mended. */
function exampleOf({ kind, broken, mended, beside }: Example): string {
  const differing = (these: string, others: string) =>
    these.split("\n").filter((line) => line.trim() !== "" && !others.split("\n").includes(line));
  const dedent = (lines: readonly string[]) => {
    const least = Math.min(...lines.map((line) => line.length - line.trimStart().length));
    return lines.map((line) => line.slice(least));
  };
  const before = dedent(differing(broken, mended)).map((line) => `- ${line}`);
  const after = dedent(differing(mended, broken)).map((line) => `+ ${line}`);
  const settings = beside?.settings?.trim().replaceAll("\n", " ");
  const head = `# ${languages[kind] === undefined ? kind : languages[kind]}${settings === undefined ? "" : `, with ${settings}`}`;
  return ["```diff", head, ...before, ...after, "```"].join("\n");
}
