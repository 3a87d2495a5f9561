// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Replaces control characters by a visible form. They may come from a file or its name, and a terminal or a build log
 * would execute them. In file names, line breaks and tabs are replaced, too.
 */
export function withVisibleText<T>(value: T): T {
  return visible(value, "") as T;
}

function visible(value: unknown, memberName: string): unknown {
  if (typeof value === "string") {
    const text = value.replaceAll(control, visibleForm);
    return memberName === "file" ? text.replaceAll(/[\n\t]/g, visibleForm) : text;
  }
  if (Array.isArray(value)) return value.map((one) => visible(one, memberName));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, visible(one, name)]));
}

const visibleForm = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
