import { createPublicKey, type KeyObject } from "node:crypto";
import type { Algorithm } from "jsonwebtoken";
import { z } from "zod";

/** A public key, and the algorithms that it may verify. The `alg` of a token is accepted only if it is one of them. */
export type IssuerKey = { key: KeyObject; algorithms: readonly Algorithm[] };

const maxKeys = 100;
const minRsaBits = 2048;

const rsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const;
const curveAlgorithms: Readonly<Record<string, Algorithm>> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

const member = z.string().max(2000);
const jwkSchema = z.object({
  kid: z.string().min(1).max(200),
  use: z.literal("sig").optional(),
  alg: z.string().optional(),
  kty: z.enum(["RSA", "EC"]),
  n: member.optional(),
  e: member.optional(),
  crv: z.string().optional(),
  x: member.optional(),
  y: member.optional(),
});
const setSchema = z.object({ keys: z.array(z.unknown()).max(maxKeys) });

/**
 * Returns the keys that verify signatures, by id. Ignores keys that are symmetric, weak, for encryption or without id.
 */
export function readKeySet(value: unknown): ReadonlyMap<string, IssuerKey> {
  const keys = new Map<string, IssuerKey>();
  for (const entry of setSchema.parse(value).keys) {
    const jwk = jwkSchema.safeParse(entry);
    const key = jwk.success ? toIssuerKey(jwk.data) : undefined;
    if (jwk.success && key !== undefined && !keys.has(jwk.data.kid)) keys.set(jwk.data.kid, key);
  }
  return keys;
}

/** Uses only the public members, even if the issuer publishes private keys by mistake. */
function toIssuerKey({ kty, n, e, crv, x, y, alg }: z.infer<typeof jwkSchema>): IssuerKey | undefined {
  const possible: readonly Algorithm[] = kty === "RSA" ? rsaAlgorithms : [curveAlgorithms[crv ?? ""] ?? []].flat();
  const algorithms = alg === undefined ? possible : possible.filter((name) => name === alg);
  if (algorithms.length === 0) return undefined;
  try {
    const jwk = kty === "RSA" ? { kty, n, e } : { kty, crv, x, y };
    const key = createPublicKey({ key: withoutUndefined(jwk), format: "jwk" });
    const bits = key.asymmetricKeyDetails?.modulusLength ?? minRsaBits;
    return bits < minRsaBits ? undefined : { key, algorithms };
  } catch {
    return undefined;
  }
}

const withoutUndefined = (members: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(members).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
