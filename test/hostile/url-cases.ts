import {
  type Case,
  describeCase,
  type HostileRequest,
  repeatToLength,
  shortName,
  stringEntries,
  type Target,
  validRequestOf,
} from "./case.ts";

/** Returns one list for each path parameter, and one for additions after the path. */
export function pathCases(target: Target): Case[][] {
  const base = validRequestOf(target);
  const sizes = [200, 3000, 14_000];
  const ofParameters = target.inputs.pathParameters.map((parameter) =>
    sizes.flatMap((size) =>
      stringEntries.map(([kind, make]) => () => {
        const value = percentEncoded(make(size), size);
        const path = target.operation.path.replace(`{${parameter}}`, value).replaceAll(/\{\w+\}/g, "x");
        return { ...base, label: describeCase(target, `path parameter ${parameter}`, kind, size), path };
      }),
    ),
  );
  const units = ["/", "//", "/.", ";", "%2f", "%252f", "/a"];
  const ofEnd = sizes.flatMap((size) =>
    units.map((unit) => () => ({
      ...base,
      label: describeCase(target, "end of the path", unit, size),
      path: base.path + unit.repeat(size / unit.length),
    })),
  );
  return [...ofParameters, ofEnd];
}

/** Returns one list for each documented parameter, and one for the query as a whole. */
export function queryCases(target: Target): Case[][] {
  const base = validRequestOf(target);
  const sizes = [200, 14_000];
  const ofParameter = (parameter: string) =>
    sizes.flatMap((size) => [
      ...stringEntries.map(
        ([kind, make]) =>
          () =>
            withQuery(
              base,
              describeCase(target, `query ${parameter}`, kind, size),
              `${parameter}=${percentEncoded(make(size), size)}`,
            ),
      ),
      () =>
        withQuery(
          base,
          describeCase(target, `query ${parameter}`, "repeated", size),
          repeatToLength(size, () => `${parameter}=a&`),
        ),
      () =>
        withQuery(
          base,
          describeCase(target, `query ${parameter}`, "list", size),
          `${parameter}=${"a,".repeat(size / 2)}`,
        ),
      () =>
        withQuery(
          base,
          describeCase(target, `query ${parameter}`, "list of names", size),
          `${parameter}=${repeatToLength(size, (n) => `${shortName(n)},`)}`,
        ),
    ]);
  const ofWhole = sizes.flatMap((size) => [
    () =>
      withQuery(
        base,
        describeCase(target, "query", "many names", size),
        repeatToLength(size, (n) => `a${n}=1&`),
      ),
    () =>
      withQuery(
        base,
        describeCase(target, "query", "names without values", size),
        repeatToLength(size, (n) => `${shortName(n)}&`),
      ),
    () => withQuery(base, describeCase(target, "query", "ampersands", size), "&".repeat(size)),
    () => withQuery(base, describeCase(target, "query", "equals signs", size), "=".repeat(size)),
  ]);
  return [...target.inputs.queryParameters.map(ofParameter), [...ofParameter("unknown"), ...ofWhole]];
}

export const withQuery = (base: Omit<HostileRequest, "label">, label: string, query: string): HostileRequest => ({
  ...base,
  label,
  path: `${base.path}?${query}`,
});

/** Encodes a text, cut to the maximum length of a request line, without an incomplete escape at the end. */
const percentEncoded = (text: string, maxLength: number): string =>
  text === "%".repeat(text.length) || text.startsWith("%2%2")
    ? text
    : encodeURIComponent(text.toWellFormed())
        .slice(0, maxLength)
        .replace(/%[0-9A-F]?$/, "")
        .replace(/(?:%[89A-F][0-9A-F])+$/, "");
