import { createHash, createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

/** The fields of a refresh token or session cookie. They are not verified until the secret has been checked. */
export type SessionCredential = { userId: string; sessionId: string; generation: number; secret: Buffer };

const secretBytes = 32;
const credentialBytes = 16 + 16 + 4 + secretBytes;

/**
 * Derives refresh tokens and cookies from the session's seed with a key that only the instances have. Neither is
 * stored, and every instance derives the same successor of a refresh token.
 */
export function createSessionSecrets(keys: readonly KeyObject[]) {
  const [current] = keys;
  if (current === undefined) throw new Error("No key for session secrets.");
  const derive = (key: KeyObject, purpose: string, sessionId: string, seed: string): Buffer =>
    createHmac("sha256", key).update(`${purpose}|${sessionId}|${seed}`).digest();

  return {
    refreshToken: (userId: string, sessionId: string, seed: string, generation: number): string =>
      encodeCredential(userId, sessionId, generation, derive(current, `refresh ${generation}`, sessionId, seed)),
    isRefreshToken: ({ sessionId, generation, secret }: SessionCredential, seed: string): boolean =>
      keys.some((key) => timingSafeEqual(secret, derive(key, `refresh ${generation}`, sessionId, seed))),
    /** Derives the cookie that the client received, if the key that it was derived with is still configured. */
    deriveCookie(userId: string, sessionId: string, seed: string, hash: string): string | undefined {
      const candidates = keys.map((key) =>
        encodeCredential(userId, sessionId, 0, derive(key, "cookie", sessionId, seed)),
      );
      return candidates.find((candidate) => hashCookie(candidate) === hash);
    },
    cookie: (userId: string, sessionId: string, seed: string): string =>
      encodeCredential(userId, sessionId, 0, derive(current, "cookie", sessionId, seed)),
  };
}

export type SessionSecrets = ReturnType<typeof createSessionSecrets>;

/** Returns the form in which the session record stores a cookie. */
export const hashCookie = (cookie: string): string => createHash("sha256").update(cookie).digest("base64url");

export function decodeCredential(text: string): SessionCredential | undefined {
  if (!/^[A-Za-z0-9_-]{91}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length !== credentialBytes || bytes.toString("base64url") !== text) return undefined;
  return {
    userId: uuidText(bytes.subarray(0, 16)),
    sessionId: uuidText(bytes.subarray(16, 32)),
    generation: bytes.readUInt32BE(32),
    secret: bytes.subarray(36),
  };
}

function encodeCredential(userId: string, sessionId: string, generation: number, secret: Buffer): string {
  const head = Buffer.alloc(36);
  head.write(userId.replaceAll("-", ""), 0, "hex");
  head.write(sessionId.replaceAll("-", ""), 16, "hex");
  head.writeUInt32BE(generation, 32);
  return Buffer.concat([head, secret]).toString("base64url");
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
