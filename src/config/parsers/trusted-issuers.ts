import { z } from "zod";
import { entries } from "./values.ts";

/** `http:` is accepted outside production only, and only for loopback addresses. */
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
  const [, name, expected] = /^([^=\s]+)=(\S+)$/.exec(value) ?? [];
  if (name === undefined || expected === undefined) {
    context.addIssue("must be a claim and its value, such as groups=haven-admins");
    return z.NEVER;
  }
  return { name, value: expected };
});
