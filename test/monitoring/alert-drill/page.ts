import { readFileSync } from "node:fs";

// Reads the parts of the runbook that an operator uses: the definitions at its top, and the commands and findings of each
// section.

export const pageUrl = new URL("../../../docs/runbook.md", import.meta.url);

export type Section = {
  title: string;
  /** The shell commands of the section. */
  commands: string;
  /** Returns the prose of the section up to the end of the bullet that contains the finding. */
  textUntil(finding: string): string;
};

/** Reads the definitions that hold for every installation, and the sections. */
export function readPage(text = readFileSync(pageUrl, "utf8")) {
  const [head = "", ...parts] = text.split(/^## /m);
  const definitions = /```sh\n([\s\S]*?)```/.exec(head)?.[1] ?? "";
  const sections = parts.map(toSection);
  return {
    definitions,
    section(title: string): Section {
      const found = sections.find((one) => one.title === title);
      if (found === undefined) throw new Error(`docs/runbook.md has no section ${title}`);
      return found;
    },
  };
}

function toSection(part: string): Section {
  const title = part.slice(0, part.indexOf("\n"));
  const commands = [...part.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block).join("");
  const prose = part.replaceAll(/^```sh\n[\s\S]*?^```/gm, "");
  return {
    title,
    commands,
    textUntil(finding) {
      const at = unfold(prose).indexOf(finding);
      if (at < 0) throw new Error(`${title} has no finding "${finding}"`);
      const end = unfold(prose).indexOf("\n- ", at);
      return unfold(prose).slice(0, end < 0 ? undefined : end);
    },
  };
}

/** Joins the lines of a paragraph, so that a finding may be quoted across the end of a line. */
const unfold = (prose: string): string => prose.replaceAll(/\n +(?=\S)/g, " ");
