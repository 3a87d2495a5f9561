import jwt from "jsonwebtoken";
import { z } from "zod";
import { type Role, roles } from "../../core/role.ts";
import type { TokenKeys } from "./token-keys.ts";
import { createVerifiedTokenCache } from "./verified-tokens.ts";

export type Claims = { userId: string; sessionId: string; role: Role };

const issuer = "haven-api";
const tokenType = "at+jwt";
const maxLength = 4096;
const toleranceSeconds = 5;
/** The maximum difference between the clocks of two instances that accept each other's tokens. Applies to `iat` only. */
const maxClockSkewSeconds = 30;

const headerSchema = z.strictObject({
  alg: z.enum(["HS256", "ES256"]),
  typ: z.literal(tokenType),
  kid: z.string().max(64),
});
const payloadSchema = z.object({
  sub: z.uuid(),
  sid: z.uuid(),
  role: z.enum(roles),
  iat: z.int(),
  exp: z.int(),
});

export function createAccessTokens(keys: Pick<TokenKeys, "signing" | "byKid">, ttlSeconds: number) {
  const { signing, byKid } = keys;
  const cache = createVerifiedTokenCache<Claims>();

  const verifySignature = (token: string, nowSeconds: number): Claims | undefined => {
    if (token.length > maxLength) return undefined;
    const header = readHeader(token);
    const key = header && byKid.get(header.kid);
    if (key === undefined || key.algorithm !== header?.alg) return undefined;
    try {
      const options = { issuer, audience: issuer, clockTolerance: toleranceSeconds };
      const payload = payloadSchema.safeParse(jwt.verify(token, key.key, { ...options, algorithms: [key.algorithm] }));
      if (!payload.success || payload.data.iat > nowSeconds + maxClockSkewSeconds) return undefined;
      const { sub, sid, role, exp } = payload.data;
      const claims = { userId: sub, sessionId: sid, role };
      cache.add(token, { claims, untilSeconds: exp + toleranceSeconds });
      return claims;
    } catch {
      return undefined;
    }
  };

  return {
    /** A token expires no later than its session, whose expiry cannot be checked while Redis is unavailable. */
    sign({ userId, sessionId, role }: Claims, sessionEndsInMs: number): { token: string; expiresIn: number } {
      const expiresIn = Math.max(1, Math.min(ttlSeconds, Math.floor(sessionEndsInMs / 1000)));
      const token = jwt.sign({ sid: sessionId, role }, signing.signWith, {
        algorithm: signing.algorithm,
        header: { alg: signing.algorithm, typ: tokenType, kid: signing.kid },
        subject: userId,
        issuer: issuer,
        audience: issuer,
        expiresIn,
      });
      return { token, expiresIn };
    },
    /** Returns undefined for every invalid token: the reason is deliberately not disclosed. */
    verify(token: string): Claims | undefined {
      const nowSeconds = Date.now() / 1000;
      return cache.get(token, nowSeconds) ?? verifySignature(token, nowSeconds);
    },
  };
}

export type AccessTokens = ReturnType<typeof createAccessTokens>;

/** Accepts exactly the three parameters that `sign` writes: no `crit`, and no key inside the token. */
function readHeader(token: string): z.infer<typeof headerSchema> | undefined {
  const encoded = token.split(".", 1)[0] ?? "";
  try {
    return headerSchema.safeParse(JSON.parse(Buffer.from(encoded, "base64url").toString())).data;
  } catch {
    return undefined;
  }
}
