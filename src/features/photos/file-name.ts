import type { HeaderValue } from "../../http/header-value.ts";

/** A file's name is of no use here, but one that tries something is not answered with a success. */
export function hasHarmlessFileName({ parameters }: HeaderValue): boolean {
  const plain = parameters.get("filename") ?? "";
  // Forms should not have this one (RFC 7578, 4.2), and .NET sends it all the same.
  const extended = parameters.get("filename*") ?? "utf-8''";
  return isHarmless(plain) && /^utf-8'[^']*'/i.test(extended) && isHarmless(extended.slice(extended.lastIndexOf("'")));
}

const isHarmless = (name: string): boolean =>
  [name, decoded(name)].every((form) => !/[/\\\p{Cc}]|^\.{1,2}$/u.test(form));

/** Browsers write quotes and line breaks as %22, %0D and %0A; a `%` of the name itself is left as it is. */
const decoded = (name: string): string =>
  name.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
