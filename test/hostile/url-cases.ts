import {
  baseOf,
  type Case,
  type HostileRequest,
  name,
  numbered,
  shortName,
  stringEntries,
  type Target,
} from "./case.ts";

export function pathCases(target: Target): Case[] {
  const base = baseOf(target);
  const parameters = target.operation.described.parameters?.filter((one) => one.in === "path") ?? [];
  return [200, 3000, 14_000].flatMap((size) => [
    ...stringEntries.flatMap(([kind, make]) =>
      parameters.map(({ name: parameter }) => () => {
        const value = percentEncoded(make(size), size);
        const path = target.operation.path.replace(`{${parameter}}`, value).replaceAll(/\{\w+\}/g, "x");
        return { ...base, what: name(target, `path parameter ${parameter}`, kind, size), path };
      }),
    ),
    ...(["/", "//", "/.", ";", "%2f", "%252f", "/a"] as const).map((unit) => () => ({
      ...base,
      what: name(target, "end of the path", unit, size),
      path: base.path + unit.repeat(size / unit.length),
    })),
  ]);
}

export function queryCases(target: Target): Case[] {
  const base = baseOf(target);
  const documented = target.operation.described.parameters?.filter((one) => one.in === "query") ?? [];
  const names = [...documented.map((one) => one.name), "unknown", "exclude", "verbose"];
  return [200, 14_000].flatMap((size) => [
    ...stringEntries.flatMap(([kind, make]) =>
      names.map(
        (parameter) => () =>
          withQuery(
            base,
            name(target, `query ${parameter}`, kind, size),
            `${parameter}=${percentEncoded(make(size), size)}`,
          ),
      ),
    ),
    () =>
      withQuery(
        base,
        name(target, "query", "many names", size),
        numbered(size, (n) => `a${n}=1&`),
      ),
    () =>
      withQuery(
        base,
        name(target, "query", "names without values", size),
        numbered(size, (n) => `${shortName(n)}&`),
      ),
    () => withQuery(base, name(target, "query", "ampersands", size), "&".repeat(size)),
    () => withQuery(base, name(target, "query", "equals signs", size), "=".repeat(size)),
    ...names.flatMap((parameter) => [
      () =>
        withQuery(
          base,
          name(target, `query ${parameter}`, "repeated", size),
          numbered(size, () => `${parameter}=a&`),
        ),
      () => withQuery(base, name(target, `query ${parameter}`, "list", size), `${parameter}=${"a,".repeat(size / 2)}`),
      () =>
        withQuery(
          base,
          name(target, `query ${parameter}`, "list of names", size),
          `${parameter}=${numbered(size, (n) => `${shortName(n)},`)}`,
        ),
    ]),
  ]);
}

export const withQuery = (base: Omit<HostileRequest, "what">, what: string, query: string): HostileRequest => ({
  ...base,
  what,
  path: `${base.path}?${query}`,
});

/** Limited to the maximum length of a request line, without an incomplete escape at the end. */
const percentEncoded = (text: string, maxLength: number): string =>
  text === "%".repeat(text.length) || text.startsWith("%2%2")
    ? text
    : encodeURIComponent(text.toWellFormed())
        .slice(0, maxLength)
        .replace(/%[0-9A-F]?$/, "")
        .replace(/(?:%[89A-F][0-9A-F])+$/, "");
