import { readRegularFile } from "../parsers/regular-file.ts";
import type { SettingProblem } from "../setting-problems.ts";
import { variables } from "../variables.ts";

/** The settings that are secrets. Each may come from a file: `JWT_SECRET_FILE` names the file of `JWT_SECRET`. */
export const secretVariables = [
  "DATABASE_URL",
  "REDIS_URL",
  "REDIS_PASSWORD",
  "REDIS_SENTINEL_PASSWORD",
  "JWT_SECRET",
  "JWT_SECRET_PREVIOUS",
  "JWT_PRIVATE_KEY",
  "JWT_PRIVATE_KEY_PREVIOUS",
  "OPS_TOKEN",
  "S3_ACCESS_KEY_ID",
  "S3_SECRET_ACCESS_KEY",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "MAIL_URL",
] as const;

export type SecretVariable = (typeof secretVariables)[number];

export const isSecret = (name: string): boolean => secretVariables.some((secret) => secret === name);

export const fileVariable = <Name extends string>(name: Name) => `${name}_FILE` as const;

/** Returns whether the variable is a setting of Haven, or names the file of a secret setting. */
export const isSettingName = (name: string): boolean =>
  Object.hasOwn(variables.shape, name) || secretVariables.some((secret) => fileVariable(secret) === name);

type Environment = Readonly<Record<string, string | undefined>>;

export type GivenSettings = {
  values: Readonly<Record<string, string>>;
  /** The files of those secrets that are read from a file. */
  files: Readonly<Partial<Record<SecretVariable, string>>>;
  problems: readonly SettingProblem[];
};

/**
 * Reads the settings that are set, with secrets read from their files. An empty variable counts as unset:
 * `REDIS_PASSWORD=`. A line break at the end is left out: a secret that was created from a file often has one.
 */
export function readGivenSettings(environment: Environment): GivenSettings {
  const values: Record<string, string> = {};
  for (const [name, text] of Object.entries(environment)) {
    const value = withoutLineBreak(text ?? "");
    if (value !== "") values[name] = value;
  }
  const files: Partial<Record<SecretVariable, string>> = {};
  const problems: SettingProblem[] = [];
  for (const name of secretVariables) {
    const variable = fileVariable(name);
    const file = values[variable];
    if (file === undefined) continue;
    files[name] = file;
    if (values[name] !== undefined) {
      problems.push({ variable, message: `is set, and so is ${name}: set only one of them` });
      continue;
    }
    const secret = tryReading(file);
    if (typeof secret !== "string")
      problems.push({ variable, message: `names a file that cannot be read (${secret.code})` });
    // An empty file counts as unset, like an empty variable.
    else if (secret !== "") values[name] = secret;
  }
  return { values, files, problems };
}

/** Reads a secret, without the byte order mark and the line break at the end that editors and `echo` add. */
export const readSecretFile = (file: string): string => withoutLineBreak(readRegularFile(file).replace(/^\uFEFF/, ""));

const withoutLineBreak = (text: string): string => text.replace(/(?:\r?\n)+$/, "");

/**
 * Returns a function that reads the secret again at each call, because its file may have been replaced. If the file
 * cannot be read, the function returns the last value.
 */
export function rereadSecret(initial: string | undefined, file: string | undefined): () => string | undefined {
  let last = initial;
  return () => {
    const content = file === undefined ? "" : tryReading(file);
    if (typeof content === "string" && content !== "") last = content;
    return last;
  };
}

function tryReading(file: string): string | { code: string } {
  try {
    return readSecretFile(file);
  } catch (error) {
    return { code: error instanceof Error && "code" in error ? String(error.code) : "unknown error" };
  }
}

/**
 * Returns all problems. If a value comes from a file, its problem names the variable of the file. A file that cannot be
 * read is reported once.
 */
export function problemsByVariable(
  { values, files, problems }: GivenSettings,
  others: readonly SettingProblem[],
): SettingProblem[] {
  const named = others.map(({ variable, message }) => {
    if (!Object.hasOwn(files, variable)) return { variable, message };
    const isEmpty = values[variable] === undefined;
    return { variable: fileVariable(variable), message: isEmpty ? `${message}, and its file is empty` : message };
  });
  return [...problems, ...named.filter(({ variable }) => !problems.some((known) => known.variable === variable))];
}
