import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ProbePath } from "../core/probe-kind.ts";
import { coversPublicInternet, isRange, namedRanges } from "./address-ranges.ts";
import { splitCommand } from "./command-words.ts";
import { PostgresUrlError, readPostgresUrl } from "./postgres-url.ts";

// The types of values. Messages state what is expected, and never repeat the value, which may be a secret.

export const wholeNumber = (min: number, max: number, unit: string) =>
  z
    .string()
    .regex(/^\d{1,12}$/, `must be ${unit}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

export const text = z.string();

export const milliseconds = (min: number) => wholeNumber(min, 3_600_000, "a whole number of milliseconds");

export const seconds = (min: number, max: number) => wholeNumber(min, max, "a whole number of seconds");

export const ratio = z
  .string()
  .regex(/^(?:0|1|0?\.\d{1,9}|1\.0{1,9})$/, "must be a number from 0 to 1")
  .transform(Number);

export const port = wholeNumber(0, 65_535, "a port (0 to 65535)");

export const identifier = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,128}$/, "must be 1 to 128 letters, digits, dots, underscores or hyphens");

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

export const url = (protocols: readonly string[], { hasPassword = false } = {}) =>
  z.string().refine(
    (value) => {
      const parsed = URL.parse(value);
      if (parsed === null || !protocols.includes(parsed.protocol) || parsed.hostname === "") return false;
      // Behind a # in the password, the rest of the URL would be ignored.
      return isDecodable(parsed) && !(hasPassword && value.includes("#"));
    },
    {
      message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}${hasPassword ? encodingHint : ""}`,
    },
  );

const encodingHint = "; characters such as # / ? % in the password are written as %23 %2F %3F %25";

export const postgresUrl = z.string().superRefine((value, context) => {
  try {
    readPostgresUrl(value);
  } catch (error) {
    context.addIssue(error instanceof PostgresUrlError ? error.message : "is not a URL");
  }
});

export const redisUrl = url(["redis:", "rediss:"], { hasPassword: true }).refine(
  (value) => /^\/?\d{0,4}$/.test(URL.parse(value)?.pathname ?? ""),
  {
    message: "must end with the port, or with the number of a database",
  },
);

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

const entries = (value: string) =>
  value
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

/** All checks. READY_REQUIRES selects the critical ones. */
export const checkNames = [
  "postgres",
  "postgres:write",
  "redis",
  "redis:write",
  "schema",
  "event-loop",
  "memory",
  "disk",
] as const;
export type CheckName = (typeof checkNames)[number];

export const checkList = z.string().transform((value, context): CheckName[] => {
  const names = entries(value);
  const known = checkNames.filter((name) => names.includes(name));
  if (names.length === 0 || names.some((name) => !known.some((check) => check === name))) {
    context.addIssue(`must be a list of these checks: ${checkNames.join(", ")}`);
    return z.NEVER;
  }
  return known;
});

export const secretList = z.string().transform(entries);

export type HostAndPort = { host: string; port: number };

export const nodeList = z.string().transform((value, context): HostAndPort[] => {
  const nodes = entries(value).map((entry) => URL.parse(`redis://${entry}`));
  if (nodes.length === 0 || nodes.some((node) => node === null || node.hostname === "" || node.port === "")) {
    context.addIssue("must be a list such as host:port,host:port");
    return z.NEVER;
  }
  return nodes.flatMap((node) =>
    node === null ? [] : [{ host: node.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(node.port) }],
  );
});

export const cidrList = z.string().transform((value, context): string[] => {
  if (value.includes("FILL-IN")) {
    context.addIssue("is the placeholder of an example file: set the addresses from which the proxy connects");
    return z.NEVER;
  }
  const ranges = entries(value).flatMap((entry) => namedRanges[entry] ?? [entry]);
  if (!ranges.every(isRange)) {
    context.addIssue(
      "must be a list of CIDRs, addresses, loopback, linklocal or uniquelocal (a number of hops is not supported, because clients can forge it)",
    );
    return z.NEVER;
  }
  if (coversPublicInternet(ranges)) {
    context.addIssue("must not include every client (a range as wide as 0.0.0.0/0): set the addresses of the proxies");
    return z.NEVER;
  }
  return ranges;
});

export const healthPaths = z.string().transform((value, context): ProbePath[] => {
  const paths = entries(value).map((entry) =>
    /^(\/|\/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])=(live|ready|startup)$/.exec(entry),
  );
  if (paths.includes(null)) {
    context.addIssue("must be a list such as /health=live,/healthz=ready with the probes live, ready and startup");
    return z.NEVER;
  }
  return paths.flatMap((match) => {
    const [, path, probe] = match ?? [];
    return path !== undefined && (probe === "live" || probe === "ready" || probe === "startup")
      ? [{ path, probe }]
      : [];
  });
});

export type Link = { label: string; href: string };

export const linkList = z.string().transform((value, context): Link[] => {
  const links = entries(value).map((entry) => /^([^=]{1,60})=(https?:\/\/\S+)$/.exec(entry));
  if (links.some((match) => match === null || URL.parse(match[2] ?? "") === null)) {
    context.addIssue("must be a list such as Dashboard=https://grafana.example.org/d/haven");
    return z.NEVER;
  }
  return links.flatMap((match) => (match === null ? [] : [{ label: match[1] ?? "", href: match[2] ?? "" }]));
});

export const originList = z.string().transform((value, context): string[] => {
  const origins = entries(value);
  if (!origins.every((origin) => URL.parse(origin)?.origin === origin)) {
    context.addIssue("must be a list of origins such as https://app.example.org, without a path");
    return z.NEVER;
  }
  return origins;
});

/** An address, with or without a name in front: `Name <address>`. */
export const mailSender = z
  .string()
  .regex(
    /^(?:[^<>@",;:\\\r\n]{0,100}<[^\s<>@,;:"]{1,64}@[^\s<>@,;:"]{1,253}>|[^\s<>@,;:"]{1,64}@[^\s<>@,;:"]{1,253})$/,
    "must be an address such as no-reply@example.org, or Haven <no-reply@example.org>",
  );
/** `http:` is for development only, and only on the machine itself. */
export function isIssuerUrl(value: string, production: boolean): boolean {
  const url = URL.parse(value);
  if (url === null || url.username !== "" || url.search !== "" || url.hash !== "") return false;
  const isLoopback = url.protocol === "http:" && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === "https:" || (isLoopback && !production);
}

export const issuerList = z.string().transform((value, context): string[] => {
  const issuers = entries(value);
  if (!issuers.every((issuer) => isIssuerUrl(issuer, false)) || new Set(issuers).size < issuers.length) {
    context.addIssue("must be a list of different URLs that start with https:// (http:// for loopback addresses only)");
    return z.NEVER;
  }
  return issuers;
});

export const claimValue = z.string().transform((value, context): { name: string; value: string } => {
  const [, name, wanted] = /^([^=\s]+)=(\S+)$/.exec(value) ?? [];
  if (name === undefined || wanted === undefined) {
    context.addIssue("must be a claim and its value, such as groups=haven-admins");
    return z.NEVER;
  }
  return { name, value: wanted };
});

export const commandLine = z.string().transform((value, context): string[] => {
  const words = splitCommand(value);
  if (words === undefined || words.length === 0 || words[0] === "") {
    context.addIssue("must be a program and its arguments, with closed quotes; no shell is used");
    return z.NEVER;
  }
  return words;
});

export const certificateFile = fileWith("certificate", (pem) => new X509Certificate(pem));

export const keyFile = fileWith("private key", (pem) => createPrivateKey({ key: pem, passphrase: "" }));

function fileWith(kind: string, parse: (pem: string) => unknown) {
  return z.string().superRefine((file, context) => {
    try {
      parse(readFileSync(file, "utf8"));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      context.addIssue(
        code.startsWith("E") && !code.startsWith("ERR")
          ? `names a file that cannot be read (${code})`
          : `must name a PEM file with a ${kind}`,
      );
    }
  });
}

/** Platforms that keep a setting on one line write the line breaks of a PEM as \\n. */
export const privateKey = z.string().transform((value, context): string => {
  const pem = value.replaceAll("\\n", "\n");
  if (!isP256(pem)) {
    context.addIssue("must be a P-256 private key in PEM");
    return z.NEVER;
  }
  return pem;
});

function isP256(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}
