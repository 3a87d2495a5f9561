/** A parsed header value such as `form-data; name="photo"`; names are in lower case. */
export type HeaderValue = { value: string; parameters: ReadonlyMap<string, string> };

const maxLength = 4096;
const maxParameters = 16;
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`[ \\t]*;[ \\t]*(${token})=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`, "y");
const start = new RegExp(`^${token}(?:/${token})?`);

/** Parses a header value. Returns undefined if it is ambiguous: stray characters, or a repeated parameter. */
export function readHeaderValue(text: string): HeaderValue | undefined {
  if (text.length > maxLength) return undefined;
  const value = start.exec(text)?.[0];
  if (value === undefined) return undefined;
  const parameters = new Map<string, string>();
  parameter.lastIndex = value.length;
  let end = value.length;
  for (let match = parameter.exec(text); match !== null; match = parameter.exec(text)) {
    const [, name = "", quoted, plain = ""] = match;
    if (parameters.has(name.toLowerCase()) || parameters.size === maxParameters) return undefined;
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(["\\])/g, "$1") ?? plain);
    end = parameter.lastIndex;
  }
  const remaining = text.slice(end).trim();
  return remaining === "" || remaining === ";" ? { value: value.toLowerCase(), parameters } : undefined;
}
