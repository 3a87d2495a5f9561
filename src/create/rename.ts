import type { Names } from "./names.ts";

type Rule = readonly [pattern: RegExp, spelling: keyof Names];

/** Names of the published packages, which every service keeps. */
const publishedNames = /@haven-api\/(?:create|doctor|health)|haven-doctor|create-haven-api|The Haven contributors/;

// Names of Postgres are written without quotes, so they cannot contain a hyphen.
const postgresNames = [
  /(?<=\b(?:ROLE|DATABASE|OWNER|TO|FROM) )haven\b/,
  /(?<=\b(?:rolname|datname) = ')haven\b/,
  /(?<=--(?:username|dbname)(?:=|, | ))haven\b/,
  /(?<=\b(?:databaseName|user): )haven\b/,
  /(?<=\bconst (?:user|database) = ")haven\b/,
  /(?<=postgres(?:ql)?:\/\/)haven\b/,
  /(?<=postgres(?:ql)?:\/\/[^\s"'`]*\/)haven\b/,
  /(?<=5432\/|PGPORT"\]\}\/)haven\b/,
  /haven(?=:\$\{password\})/,
  /(?<=\.password\], \["|\["postgres", ")haven(?=")/,
  /(?<=`)haven(?=` (?:owns|migrates|and `haven_app`))/,
];

/** Where several patterns match, the first one decides the spelling. */
const rules: readonly Rule[] = [
  ...postgresNames.map((pattern): Rule => [pattern, "snake"]),
  // A volume has the name of its Compose project.
  [/haven(?=_postgres-data)/, "kebab"],
  [/HAVEN(?=_)|(?<=_)HAVEN/, "upper"],
  [/HAVEN/, "upperKebab"],
  [/haven_api|(?<=[_$])haven(?:-api)?|haven(?=_)/, "snake"],
  [/Haven API|Haven(?![A-Za-z])/, "title"],
  [/Haven/, "pascal"],
  [/haven-api|haven/, "kebab"],
];

const anyName = new RegExp(
  [publishedNames, ...rules.map(([pattern]) => pattern)].map(({ source }) => `(${source})`).join("|"),
  "g",
);

/** Replaces the name of this repository in a text or a path by the name of the new service. */
export function rename(text: string, names: Names): string {
  return text.replaceAll(anyName, (match: string, ...groups: unknown[]) => {
    const index = groups.findIndex((group) => group !== undefined);
    const [, spelling] = rules[index - 1] ?? [];
    return spelling === undefined ? match : names[spelling];
  });
}
