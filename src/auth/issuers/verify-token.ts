import jwt from "jsonwebtoken";
import { z } from "zod";
import type { IssuerKeys } from "./issuer-keys.ts";

export type VerifyIssuerTokenDeps = { issuers: ReadonlyMap<string, Pick<IssuerKeys, "find">>; audience: string };

/** Longer than for this server's own tokens, because issuers put groups into their tokens. */
const maxLength = 8192;
const toleranceSeconds = 5;
const maxClockSkewSeconds = 30;
const maxLifetimeSeconds = 86_400;

/** A token with another header parameter, such as `jwk` or `jku`, is refused: keys come from the configured issuer only. */
const headerSchema = z.strictObject({
  alg: z.string().regex(/^(?:RS|PS|ES)(?:256|384|512)$/),
  kid: z.string().min(1).max(200),
  typ: z
    .string()
    .regex(/^(?:JWT|(?:application\/)?at\+jwt)$/i)
    .optional(),
  x5t: z.string().optional(),
  "x5t#S256": z.string().optional(),
});

/** `nonce`, `at_hash` and `events` mark ID tokens and logout tokens, which are not for APIs. */
const payloadSchema = z.looseObject({
  iss: z.string(),
  sub: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u),
  aud: z.union([z.string(), z.array(z.string())]),
  iat: z.number(),
  exp: z.number(),
  nonce: z.undefined().optional(),
  at_hash: z.undefined().optional(),
  events: z.undefined().optional(),
});

export type IssuerClaims = z.infer<typeof payloadSchema>;

/** Verifies tokens of trusted issuers. Returns undefined for every invalid token, without the reason. */
export function createVerifyIssuerToken({ issuers, audience }: VerifyIssuerTokenDeps) {
  return async (token: string): Promise<IssuerClaims | undefined> => {
    if (token.length > maxLength) return undefined;
    const [head = "", body = ""] = token.split(".", 2);
    const header = headerSchema.safeParse(decode(head)).data;
    // These unverified claims only select the keys. `jwt.verify` checks the issuer after it has verified the signature.
    const claimed = payloadSchema.safeParse(decode(body)).data;
    if (header === undefined || claimed === undefined) return undefined;
    const keys = issuers.get(claimed.iss);
    if (keys === undefined) return undefined;
    const issuerKey = await keys.find(header.kid);
    const algorithm = issuerKey?.algorithms.find((name) => name === header.alg);
    if (issuerKey === undefined || algorithm === undefined) return undefined;
    try {
      const options = { issuer: claimed.iss, audience, clockTolerance: toleranceSeconds };
      const verified = payloadSchema.parse(jwt.verify(token, issuerKey.key, { ...options, algorithms: [algorithm] }));
      const isFromFuture = verified.iat > Date.now() / 1000 + maxClockSkewSeconds;
      return isFromFuture || verified.exp - verified.iat > maxLifetimeSeconds ? undefined : verified;
    } catch {
      return undefined;
    }
  };
}

export type VerifyIssuerToken = ReturnType<typeof createVerifyIssuerToken>;

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}
