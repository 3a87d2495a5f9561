import { type AuthenticateIssuer, createAuthenticateIssuer } from "../auth/issuers/authenticate-issuer.ts";
import { createIssuerKeys } from "../auth/issuers/issuer-keys.ts";
import { createVerifyIssuerToken } from "../auth/issuers/verify-token.ts";
import type { Passwords } from "../auth/passwords.ts";
import { isIssuerUrl } from "../config/parsers/trusted-issuers.ts";
import type { Config } from "../config/read-config.ts";
import type { Certificates } from "../core/network/certificate-watch.ts";
import { readEndpointCertificate } from "../core/network/endpoint-certificate.ts";
import type { Database } from "../db/pool.ts";
import type { Check } from "../kit/health/check.ts";

export type IssuerPartsDeps = {
  config: Config;
  db: Database;
  passwords: Passwords;
  certificates: Certificates;
  addCheck(check: Check): void;
};

/**
 * Lets users sign in with tokens of trusted issuers, and adds a check for each issuer. These checks never take the
 * instance out of rotation. Their names have a number and no host, because the names of checks are public.
 */
export function composeIssuers(deps: IssuerPartsDeps): AuthenticateIssuer | undefined {
  const { config, db, passwords, certificates, addCheck } = deps;
  const { trusted } = config.auth;
  if (trusted === undefined) return undefined;
  const allows = (url: string) => isIssuerUrl(url, config.production);
  const issuers = new Map(trusted.issuers.map((issuer) => [issuer, createIssuerKeys({ issuer, allows })]));
  let number = 0;
  for (const [issuer, keys] of issuers) {
    number += 1;
    const name = `issuer-${number}`;
    addCheck({ name, critical: false, run: keys.check });
    certificates.refreshWith(name, () => readEndpointCertificate(issuer), { atOnce: true });
  }
  const verify = createVerifyIssuerToken({ issuers, audience: trusted.audience });
  return createAuthenticateIssuer({ verify, db, passwords, adminClaim: trusted.adminClaim });
}
