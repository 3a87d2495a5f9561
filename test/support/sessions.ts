import { createAccessTokens } from "../../src/auth/tokens/access-token.ts";
import { createTokenKeys } from "../../src/auth/tokens/token-keys.ts";
import { createSessionSecrets, hashCookie } from "../../src/sessions/session-secrets.ts";
import { createSessionStore } from "../../src/sessions/session-store.ts";
import { sameSecret } from "../shared/requests/people.ts";
import type { Haven } from "./haven.ts";

/** Creates a session like a login, without the 50 ms of password hashing. */
export async function beginSession({ running }: Haven, userId: string) {
  const keys = createTokenKeys({ secret: sameSecret.JWT_SECRET });
  const secrets = createSessionSecrets(keys.sessionSecrets);
  const limits = { idleSeconds: 86_400, maxAgeSeconds: 604_800 };
  const store = createSessionStore({ redis: running.parts.redis, limits });
  const session = await store.create(
    userId,
    "member",
    { device: "test", address: "127.0.0.1" },
    new Date(),
    (id, seed) => hashCookie(secrets.cookie(userId, id, seed)),
  );
  return {
    userId,
    sessionId: session.id,
    accessToken: createAccessTokens(keys, 600).sign({ userId, sessionId: session.id, role: "member" }, session.endsInMs)
      .token,
    refreshToken: secrets.refreshToken(userId, session.id, session.seed, session.generation),
  };
}
