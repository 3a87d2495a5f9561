import { readFileSync } from "node:fs";

/** Reads the style sheets in this order, as one block without indentation and comments. */
export function readStyles(...files: readonly URL[]): string {
  const text = files.map((file) => readFileSync(file, "utf8")).join("");
  return text
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .trim();
}

/**
 * Reads a browser module and the modules it imports, as one block: the pages allow exactly one inline script, by its
 * hash. Handles relative `import { … } from`, and `export` before a declaration; names must be unique across the files.
 * Lines that are only a comment are left out.
 */
export function readScripts(entry: URL): string {
  const blocks = new Map<string, string>();
  const add = (file: URL): void => {
    if (blocks.has(file.href)) return;
    const text = readFileSync(file, "utf8");
    blocks.set(file.href, "");
    for (const [, imported = ""] of text.matchAll(importStatement)) add(new URL(imported, file));
    // Moves the module to the end, after the modules that it imports.
    blocks.delete(file.href);
    blocks.set(
      file.href,
      text
        .replaceAll(importStatement, "")
        .replaceAll(commentLine, "")
        .replaceAll(/^export /gm, ""),
    );
  };
  add(entry);
  const code = [...blocks.values()].join("").replaceAll(/\n\s*/g, "\n");
  return `"use strict";(()=>{${code}})();`;
}

const commentLine = /^ *(?:\/\/.*|\/\*\*.*\*\/)\n/gm;

const importStatement = /^import (?:\{[^}]*\} from )?"(\.[^"]+)";\n/gm;

/** The colours and elements that all pages share. */
export const baseStyle = new URL("./base.css", import.meta.url);
