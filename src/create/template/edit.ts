import type { Edit } from "./manifest.ts";

/** Applies an edit. Fails if the text has no match, so that no edit stays in the manifest after its text has changed. */
export function applyEdit(text: string, edit: Edit): string {
  const edited =
    "replace" in edit ? replaced(text, edit) : "lines" in edit ? withoutLines(text, edit) : withoutBlock(text, edit);
  if (edited === text)
    throw new Error(`An edit of ${edit.file} matches nothing: ${JSON.stringify(edit, showPatterns)}`);
  return edited;
}

const replaced = (text: string, { replace, by }: Extract<Edit, { by: string }>): string =>
  text.replaceAll(new RegExp(replace, `g${replace.flags}`), by);

const withoutLines = (text: string, { lines }: Extract<Edit, { lines: RegExp }>): string =>
  text
    .split("\n")
    .filter((line) => !lines.test(line))
    .join("\n");

function withoutBlock(text: string, { from, to }: Extract<Edit, { from: RegExp }>): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => from.test(line));
  const length = lines.slice(start).findIndex((line, index) => index > 0 && to.test(line));
  if (start === -1 || length === -1) return text;
  return [...lines.slice(0, start), ...lines.slice(start + length + 1)].join("\n");
}

const showPatterns = (_: string, value: unknown) => (value instanceof RegExp ? String(value) : value);
