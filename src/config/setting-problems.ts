import { isMatchingPair } from "./files/certificate-pair.ts";
import { secretList } from "./parsers/values.ts";
import { variables } from "./variables.ts";

export type SettingProblem = { variable: string; message: string };

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    super(problems.map(({ variable, message }) => `${variable} ${message}`).join("\n"));
    this.problems = problems;
  }
}

export function fieldProblems(issues: readonly { path: readonly PropertyKey[]; message: string }[]): SettingProblem[] {
  return issues.map((issue) => ({ variable: String(issue.path[0] ?? "environment"), message: issue.message }));
}

type Given = Readonly<Record<string, string | undefined>>;

/**
 * Returns the problems of settings that contradict each other, or that require another setting. Reads the unparsed text,
 * so that these problems are reported together with malformed settings.
 */
export function crossProblems(v: Given): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const report = (variable: string, message: string) => problems.push({ variable, message });
  if (["REDIS_URL", "REDIS_HOST", "REDIS_SENTINELS", "REDIS_CLUSTER_NODES"].filter((name) => v[name]).length > 1) {
    report("REDIS_URL", "set only one of REDIS_URL, REDIS_HOST, REDIS_SENTINELS, REDIS_CLUSTER_NODES");
  }
  if (v["REDIS_SENTINELS"] && !v["REDIS_SENTINEL_NAME"])
    report("REDIS_SENTINEL_NAME", "is required with REDIS_SENTINELS");
  if (v["REDIS_SENTINEL_NAME"] && !v["REDIS_SENTINELS"])
    report("REDIS_SENTINELS", "is required with REDIS_SENTINEL_NAME");
  if (v["DATABASE_PASSWORD_COMMAND"] && hasPassword(v["DATABASE_URL"]))
    report("DATABASE_PASSWORD_COMMAND", "is set, and DATABASE_URL has a password: use only one of them");
  if (v["REDIS_PASSWORD_COMMAND"] && (v["REDIS_PASSWORD"] || hasPassword(v["REDIS_URL"])))
    report("REDIS_PASSWORD_COMMAND", "is set, and so is a password: use only one of them");
  for (const store of ["DATABASE", "REDIS"]) {
    const [cert, key] = [`${store}_CERT_FILE`, `${store}_KEY_FILE`];
    if (v[cert] && !v[key]) report(key, `is required with ${cert}`);
    if (v[key] && !v[cert]) report(cert, `is required with ${key}`);
    if (v[cert] && v[key] && !isMatchingPair(v[cert], v[key]))
      report(key, `names a key that does not belong to the certificate in ${cert}`);
  }
  const usesRedisTls = v["REDIS_TLS"] === "true" || v["REDIS_URL"]?.startsWith("rediss:") === true;
  for (const name of ["REDIS_CA_FILE", "REDIS_CERT_FILE"])
    if (v[name] && !usesRedisTls)
      report(name, "has no effect without REDIS_TLS=true, or a URL that starts with rediss://");
  const bucket = ["S3_BUCKET", "S3_ENDPOINT", "S3_REGION"];
  const keys = ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"];
  if ([...bucket, ...keys].some((name) => v[name])) {
    for (const name of bucket) if (!v[name]) report(name, "is required with the other S3 settings");
  }
  if (keys.some((name) => v[name]))
    for (const name of keys)
      if (!v[name]) report(name, "is required with the other key; without both, the role of the machine is used");
  if (["verified", "invited"].includes(v["SIGN_UP"] ?? "") && v["NODE_ENV"] === "production" && !v["MAIL_URL"])
    report("MAIL_URL", "is required with SIGN_UP=verified and SIGN_UP=invited");
  if (v["MAIL_URL"])
    for (const name of ["MAIL_FROM", "PUBLIC_URL"]) if (!v[name]) report(name, "is required with MAIL_URL");
  if (v["TRUSTED_ISSUERS"] && !v["TRUSTED_AUDIENCE"]) report("TRUSTED_AUDIENCE", "is required with TRUSTED_ISSUERS");
  for (const name of ["TRUSTED_AUDIENCE", "TRUSTED_ADMIN_CLAIM"])
    if (v[name] && !v["TRUSTED_ISSUERS"]) report("TRUSTED_ISSUERS", `is required with ${name}`);
  const managementPort = Number(v["MANAGEMENT_PORT"] ?? 0);
  if (managementPort !== 0 && managementPort === Number(v["PORT"] ?? defaultPort))
    report("MANAGEMENT_PORT", "must differ from PORT");
  return problems;
}

const hasPassword = (url: string | undefined): boolean => /^\w+:\/\/[^/?@]*:[^/?@]+@|[?&]password=/.test(url ?? "");

const defaultPort = variables.shape.PORT.parse(undefined);

export function missingProblems(v: Given): SettingProblem[] {
  if (v["NODE_ENV"] !== "production") return [];
  const problems: SettingProblem[] = [];
  if (!v["DATABASE_URL"]) problems.push({ variable: "DATABASE_URL", message: "is required in production" });
  if (!v["REDIS_URL"] && !v["REDIS_HOST"] && !v["REDIS_SENTINELS"] && !v["REDIS_CLUSTER_NODES"]) {
    problems.push({
      variable: "REDIS_URL",
      message: "is required in production (or REDIS_HOST, REDIS_SENTINELS, REDIS_CLUSTER_NODES)",
    });
  }
  if (!v["JWT_SECRET"]) problems.push({ variable: "JWT_SECRET", message: "is required in production" });
  if (/(?:^|,)\s*http:/.test(v["TRUSTED_ISSUERS"] ?? ""))
    problems.push({ variable: "TRUSTED_ISSUERS", message: "must start with https:// in production" });
  const previousSecrets = secretList.parse(v["JWT_SECRET_PREVIOUS"] ?? "");
  const isShort = (secret: string) => Buffer.byteLength(secret) < 32;
  if (v["JWT_SECRET"] && isShort(v["JWT_SECRET"]))
    problems.push({ variable: "JWT_SECRET", message: "must have at least 32 bytes" });
  if (previousSecrets.some(isShort)) {
    problems.push({
      variable: "JWT_SECRET_PREVIOUS",
      message: "must have at least 32 bytes in each secret of the comma-separated list",
    });
  }
  const token = v["OPS_TOKEN"];
  if (token !== undefined && Buffer.byteLength(token) < minOpsTokenBytes)
    problems.push({ variable: "OPS_TOKEN", message: `must have at least ${minOpsTokenBytes} bytes` });
  const secrets = { JWT_SECRET: [v["JWT_SECRET"]], JWT_SECRET_PREVIOUS: previousSecrets, OPS_TOKEN: [token] };
  for (const [variable, values] of Object.entries(secrets)) {
    if (values.some((value) => placeholder.test(value ?? "-")))
      problems.push({
        variable,
        message: "is a placeholder from an example: create a secret with `openssl rand -base64 48`",
      });
  }
  return problems;
}

const minOpsTokenBytes = 16;

const placeholder =
  /change[-_ ]?(me|this|it)|your[-_ ]|placeholder|example|replace[-_ ]?(me|this)|super[-_ ]?secret|(secret){2}|do[-_ ]?not[-_ ]?use|^<.*>$|^\s*$/i;
