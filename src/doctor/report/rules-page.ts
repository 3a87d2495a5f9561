import type { Example, Rule } from "../rule.ts";
import { families } from "../rules/all-rules.ts";

const languages: Readonly<Record<string, string>> = {
  nginx: "nginx",
  haproxy: "haproxy",
  settings: "sh",
  railway: "json",
};

/** Returns the rules section of docs/doctor.md. A test compares the section in the page with this text. */
export const rulesPage = (): string =>
  families
    .map(({ name, heading, rules }) => [`### ${name}-: ${heading}`, ...rules.map(ruleSection)].join("\n\n"))
    .join("\n\n");

export const ruleSection = ({ id, severity, offByDefault, title, impact, condition, fix, example }: Rule): string =>
  [
    `#### ${id}`,
    `${title} (${severity}).`,
    ...(offByDefault === undefined ? [] : [`- Off by default: ${offByDefault}`]),
    `- Condition: ${condition}`,
    `- Impact: ${impact}`,
    `- Fix: ${fix}`,
    `${exampleOf(example)}`,
  ]
    .join("\n")
    .replace(`${title} (${severity}).\n`, `${title} (${severity}).\n\n`)
    .replace(`#### ${id}\n`, `#### ${id}\n\n`)
    .replace("\n```", "\n\n```");

/** Returns the lines that differ between the broken and the fixed example. */
function exampleOf({ kind, broken, fixed, alongside }: Example): string {
  const differing = (text: string, otherText: string) =>
    text.split("\n").filter((line) => line.trim() !== "" && !otherText.split("\n").includes(line));
  const dedent = (lines: readonly string[]) => {
    const min = Math.min(...lines.map((line) => line.length - line.trimStart().length));
    return lines.map((line) => line.slice(min));
  };
  const removedLines = dedent(differing(broken, fixed)).map((line) => `- ${line}`);
  const addedLines = dedent(differing(fixed, broken)).map((line) => `+ ${line}`);
  const settings = alongside?.settings?.trim().replaceAll("\n", " ");
  const head = `# ${languages[kind] === undefined ? kind : languages[kind]}${settings === undefined ? "" : `, with ${settings}`}`;
  return ["```diff", head, ...removedLines, ...addedLines, "```"].join("\n");
}
