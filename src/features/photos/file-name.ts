import type { HeaderValue } from "../../http/header-value.ts";

/** File names are not used, but an upload with a suspicious one, such as a path, is refused. */
export function hasHarmlessFileName({ parameters }: HeaderValue): boolean {
  const plain = parameters.get("filename") ?? "";
  // Not allowed in forms (RFC 7578, 4.2), but .NET sends it.
  const extended = parameters.get("filename*") ?? "utf-8''";
  return isHarmless(plain) && /^utf-8'[^']*'/i.test(extended) && isHarmless(extended.slice(extended.lastIndexOf("'")));
}

const isHarmless = (name: string): boolean =>
  [name, decoded(name)].every((form) => !/[/\\\p{Cc}]|^\.{1,2}$/u.test(form));

/** Browsers encode quotes and line breaks as %22, %0D and %0A, but do not encode `%`. */
const decoded = (name: string): string =>
  name.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
