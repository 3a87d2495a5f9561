import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { Place } from "../../facts/config-values.ts";
import type { KnownVersion } from "../../facts/versions.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { versionInComments } from "../version-comments.ts";
import { noteUnknown } from "./haproxy-keywords.ts";
import { type Line, parseHaproxy, type Section } from "./haproxy-syntax.ts";

/** A server line, with the options of `default-server`. */
export type Server = { name: string; address: string; at: Place; options: readonly Line[] };
/** A frontend, backend or listen section. */
export type ProxySection = { section: Section; servers: readonly Server[]; isHttp: boolean };
export type Haproxy = {
  sections: readonly Section[];
  proxies: readonly ProxySection[];
  /** The file has no `global` and no `defaults`, so their values are unknown. */
  isFragment: boolean;
  /** The version that a comment names. */
  version: KnownVersion | undefined;
};

export function readHaproxy(files: Files, path: string, diagnostics: Diagnostics): Haproxy {
  const text = textOf(files, path);
  const sections = parseHaproxy(text.text, text.file, diagnostics);
  noteUnknown(sections, diagnostics);
  const isFragment = !isComplete(sections);
  if (isFragment)
    diagnostics.addNote(
      { file: text.file, line: 1 },
      "has no defaults: mode http is assumed, and timeouts are unknown",
    );
  const proxies = sections
    .filter(({ kind }) => /^(?:frontend|backend|listen)$/.test(kind))
    .map((section) => proxyOf(section, isFragment));
  return { sections, proxies, isFragment, version: versionInComments(text.text, text.file, "haproxy") };
}

/** A file with a listener and servers is complete, even without `global` and `defaults`. */
const isComplete = (sections: readonly Section[]): boolean =>
  sections.some(({ kind }) => kind === "global" || kind === "defaults") ||
  (sections.some((section) => linesOf(section, "bind").length > 0) &&
    sections.some((section) => linesOf(section, "server").length > 0));

/**
 * For a folder, reads its only .cfg file. Several files are an error, because the order in which HAProxy reads them is
 * unknown.
 */
function textOf(files: Files, path: string): { text: string; file: string } {
  if (files.kind(path) !== "folder") return { text: readRequiredFile(files, path), file: files.displayPath(path) };
  const names = files.list(path).filter((name) => name.endsWith(".cfg"));
  const [name] = names;
  if (name === undefined || names.length > 1) {
    const problem = name === undefined ? "without a .cfg file" : "with several .cfg files: name one";
    throw new UnreadableError({ file: files.displayPath(path), line: 1 }, `is a folder ${problem}`);
  }
  const file = `${path.replace(/\/$/, "")}/${name}`;
  return { text: readRequiredFile(files, file), file: files.displayPath(file) };
}

/** Returns the lines of the `defaults` and then those of the section. A later line overrides an earlier line. */
export const effectiveLines = ({ lines, defaults }: Section): Line[] =>
  defaults === undefined ? lines : [...effectiveLines(defaults), ...lines];

/** Returns the line that applies: the last one in the section, otherwise in its `defaults`. */
export const effectiveLine = (section: Section, ...words: readonly string[]): Line | undefined =>
  effectiveLines(section).findLast((line) => words.every((word, index) => line.words[index] === word));

export const linesOf = (section: Section, ...words: readonly string[]): Line[] =>
  section.lines.filter((line) => words.every((word, index) => line.words[index] === word));

/** Returns the `option` line that applies; undefined after `no option NAME`. */
export function effectiveOption(section: Section, name: string): Line | undefined {
  const line = effectiveLines(section).findLast(({ words }) => {
    const [word, option] = words[0] === "no" ? words.slice(1) : words;
    return word === "option" && option === name;
  });
  return line?.words[0] === "no" ? undefined : line;
}

/** Returns the condition of a line, with each named ACL replaced by its definition. */
export function conditionOf(section: Section, { words }: Line): string {
  const start = words.findIndex((word) => word === "if" || word === "unless");
  if (start === -1) return "";
  return words
    .slice(start)
    .map((word) => {
      const acls = linesOf(section, "acl", word.replace(/^!/, ""));
      return acls.length === 0 ? word : acls.map((acl) => acl.words.slice(2).join(" ")).join(" ");
    })
    .join(" ");
}

function proxyOf(section: Section, isFragment: boolean): ProxySection {
  const shared = effectiveLines(section).filter(({ words }) => words[0] === "default-server");
  const servers = section.lines.flatMap((line): Server[] => {
    const [kind = "", name = "", third = "", fourth = ""] = line.words;
    if (kind !== "server" && kind !== "server-template") return [];
    const address = kind === "server" ? third : fourth;
    const own = { words: line.words.slice(kind === "server" ? 3 : 4), at: line.at };
    return [{ name, address, at: line.at, options: [...shared, own] }];
  });
  return {
    section,
    servers,
    isHttp: (effectiveLine(section, "mode")?.words[1] ?? (isFragment ? "http" : "tcp")) === "http",
  };
}

/** Returns the value of a server keyword, and its place. */
export function serverOption({ options }: Server, name: string): { text: string; at: Place } | undefined {
  for (const { words, at } of options.toReversed()) {
    const index = words.lastIndexOf(name);
    if (index !== -1) return { text: words[index + 1] ?? "", at };
  }
  return undefined;
}

/** Returns whether the server follows the check of another server (`track`). */
export const isTracking = ({ options }: Server): boolean => options.some(({ words }) => words.includes("track"));

export function isChecked(server: Server): boolean {
  for (const { words } of server.options.toReversed()) {
    if (words.includes("no-check")) return false;
    if (words.includes("check") || words.includes("track")) return true;
  }
  return false;
}

export const timeoutLine = (section: Section, name: string): Line | undefined =>
  effectiveLine(section, "timeout", name);
