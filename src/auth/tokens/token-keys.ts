import { createHash, createPrivateKey, createPublicKey, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

export type KeySettings = {
  secret: string;
  /** Earlier secrets, newest first. Tokens that were signed with them stay valid. */
  previousSecrets?: readonly string[];
  privateKey?: string | undefined;
  previousPrivateKey?: string | undefined;
};

export type VerifyingKey = { kid: string; algorithm: "HS256" | "ES256"; key: KeyObject };
export type SigningKey = VerifyingKey & { signWith: KeyObject };

/** Key objects are created once: signing with a raw string takes forty times as long. */
export function createTokenKeys({ secret, previousSecrets = [], privateKey, previousPrivateKey }: KeySettings) {
  const privateKeys = [privateKey, previousPrivateKey].filter((pem) => pem !== undefined).map(ellipticKey);
  const secrets = [secret, ...previousSecrets];
  const secretKeys = secrets.map(secretKey);
  const allKeys = [...privateKeys, ...secretKeys];
  const [signing] = privateKey === undefined ? secretKeys : privateKeys;
  if (signing === undefined) throw new Error("No key for signing.");

  return {
    signing,
    byKid: new Map<string, VerifyingKey>(allKeys.map((key) => [key.kid, key])),
    jwks: {
      keys: privateKeys.map(({ kid, key }) => ({ ...key.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" })),
    },
    /** Keys of refresh tokens and session cookies, the current key first, then the previous ones. */
    sessionSecrets: secrets.map((text) => derive(text, "haven refresh tokens")),
    /** Keys of page cursors, the current key first, then the previous ones. */
    cursors: secrets.map((text) => derive(text, "haven cursors")),
  };
}

export type TokenKeys = ReturnType<typeof createTokenKeys>;

function secretKey(secret: string): SigningKey {
  const key = createSecretKey(Buffer.from(secret));
  return { kid: fingerprint(`HS256 ${secret}`), algorithm: "HS256", key, signWith: key };
}

function ellipticKey(pem: string): SigningKey {
  const signWith = createPrivateKey(pem);
  const key = createPublicKey(signWith);
  return {
    kid: fingerprint(key.export({ format: "pem", type: "spki" }).toString()),
    algorithm: "ES256",
    key,
    signWith,
  };
}

/** Identifies a key without disclosing it. */
const fingerprint = (text: string): string =>
  createHash("sha256").update(`kid ${text}`).digest("base64url").slice(0, 16);

const derive = (secret: string, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", secret, "haven", purpose, 32)));
