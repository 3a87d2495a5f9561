import { z } from "zod";
import { coversPublicInternet, isRange, namedRanges } from "../address-ranges.ts";
import { PostgresUrlError, readPostgresUrl } from "../postgres-url.ts";
import { entries } from "./values.ts";

export const url = (protocols: readonly string[], { hasPassword = false } = {}) =>
  z.string().refine(
    (value) => {
      const parsed = URL.parse(value);
      if (parsed === null || !protocols.includes(parsed.protocol) || parsed.hostname === "") return false;
      // If the password contained a #, the rest of the URL would be ignored.
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

export const redisUrl = url(["redis:", "rediss:"], { hasPassword: true })
  .refine((value) => /^\/?\d{0,4}$/.test(URL.parse(value)?.pathname ?? ""), {
    message: "must end with the port, or with the number of a database",
  })
  .refine(
    (value) => URL.parse(value)?.searchParams.has("db") !== true,
    "must have the database after the port, such as :6379/1, and not as ?db=1",
  );

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

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
