import { createSign } from "node:crypto";
import { me } from "../../shared/requests/people.ts";
import { audience, newKey, startTestIssuer } from "../../shared/servers/test-issuer.ts";
import { startAttackedPair } from "./attacked-pair.ts";
import { startProvider } from "./oidc-provider.ts";

type Me = { id: string; email: string; role: string; name: string };

/** Starts two instances that trust a real provider and two test issuers. A test makes the test issuers hostile. */
export async function startAttackedIssuers() {
  const provider = await startProvider();
  const issuer = await startTestIssuer();
  const secondIssuer = await startTestIssuer(newKey("key-1"));
  const pair = await startAttackedPair({
    TRUSTED_ISSUERS: `${provider.issuer},${issuer.url},${secondIssuer.url}`,
    TRUSTED_AUDIENCE: audience,
    TRUSTED_ADMIN_CLAIM: "groups=haven-admins",
  });
  const userOf = async (accessToken: string) => (await me(pair.one.url, { accessToken })).json() as Me;
  const statusOf = async (accessToken: string, url = pair.one.url) => (await me(url, { accessToken })).status;
  const claims = (extra: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer.url, aud: audience, sub: "forged", iat: now, exp: now + 300, ...extra };
  };
  /** Signs a token with the key of the issuer. Texts are used as they are, other values as JSON. */
  const signToken = (header: unknown, payload: unknown): string => {
    const unsigned = `${base64url(header)}.${base64url(payload)}`;
    return `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(issuer.key.privateKey, "base64url")}`;
  };
  return { ...pair, provider, issuer, secondIssuer, userOf, statusOf, claims, signToken };
}

export const base64url = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
