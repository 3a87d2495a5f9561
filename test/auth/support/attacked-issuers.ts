import { createSign } from "node:crypto";
import { me } from "../../shared/requests/people.ts";
import { audience, newKey, startTestIssuer } from "../../shared/servers/test-issuer.ts";
import { startAttackedPair } from "./attacked-pair.ts";
import { startProvider } from "./oidc-provider.ts";

type Me = { id: string; email: string; role: string; name: string };

/** Two instances that trust a real provider, and two issuers that a test makes hostile. */
export async function startAttackedIssuers() {
  const provider = await startProvider();
  const issuer = await startTestIssuer();
  const second = await startTestIssuer(newKey("key-1"));
  const pair = await startAttackedPair({
    TRUSTED_ISSUERS: `${provider.issuer},${issuer.url},${second.url}`,
    TRUSTED_AUDIENCE: audience,
    TRUSTED_ADMIN_CLAIM: "groups=haven-admins",
  });
  const whoIs = async (accessToken: string) => (await me(pair.one.url, { accessToken })).json() as Me;
  const statusOf = async (accessToken: string, url = pair.one.url) => (await me(url, { accessToken })).status;
  const claims = (extra: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer.url, aud: audience, sub: "forged", iat: now, exp: now + 300, ...extra };
  };
  /** Signs exactly these texts with the key of the issuer. */
  const signed = (header: unknown, payload: unknown): string => {
    const unsigned = `${base64url(header)}.${base64url(payload)}`;
    return `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(issuer.key.privateKey, "base64url")}`;
  };
  return { ...pair, provider, issuer, second, whoIs, statusOf, claims, signed };
}

export const base64url = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
