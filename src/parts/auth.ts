import { createAccessTokens } from "../auth/access-token.ts";
import { createAuthenticate } from "../auth/authenticate.ts";
import { createSessionCookie } from "../auth/cookie.ts";
import { jwksRoutes } from "../auth/jwks.ts";
import { createKeys } from "../auth/keys.ts";
import { createPasswords } from "../auth/passwords.ts";
import { createRateLimit } from "../auth/rate-limit.ts";
import { createReapply } from "../auth/reapply.ts";
import { standing } from "../auth/revocations.ts";
import { authRoutes } from "../auth/routes.ts";
import { createAuthService } from "../auth/service.ts";
import { createIsStillSignedIn, createRoleOf } from "../auth/signed-in.ts";
import type { Config } from "../config/env.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Database } from "../db/pool.ts";
import { createPager } from "../http/page.ts";
import type { RedisAccess } from "../redis/access.ts";
import { createSessionSecrets } from "../sessions/secrets.ts";
import { createSessionStore } from "../sessions/store.ts";

export type AuthPartsDeps = {
  config: Config;
  clock: Clock;
  logger: Logger;
  db: Database;
  redis: RedisAccess;
  /** Calls back whenever Redis may have missed something. */
  onRedisBack(listener: () => void): void;
  jwtSecret: string;
};

/** Tokens, sessions, accounts, and who is calling. */
export function composeAuth({ config, clock, logger, db, redis, onRedisBack, jwtSecret }: AuthPartsDeps) {
  const { auth } = config;
  const keys = createKeys({ ...auth, secret: jwtSecret });
  const tokens = createAccessTokens(keys, Math.min(auth.accessTokenTtlSeconds, auth.sessionTtlSeconds));
  const secrets = createSessionSecrets(keys.derived);
  const limits = { idleSeconds: auth.sessionTtlSeconds, maxAgeSeconds: auth.sessionMaxAgeSeconds };
  const sessions = createSessionStore({ redis, clock, limits });
  const cookie = createSessionCookie({ name: auth.cookieName, secure: config.production });
  const passwords = createPasswords({ queueTimeoutMs: auth.passwordQueueTimeoutMs });
  const rateLimit = createRateLimit({ redis, clock, perMinute: auth.rateLimitPerMinute });
  const roleOf = createRoleOf({ sessions, standing: (userId, sessionId) => standing(db, userId, sessionId) });
  const authenticate = createAuthenticate({ tokens, sessions, cookie, roleOf });
  const { sessionMaxAgeSeconds } = auth;
  const service = createAuthService({
    db,
    sessions,
    secrets,
    tokens,
    passwords,
    rateLimit,
    sessionMaxAgeSeconds,
    logger,
  });

  const page = createPager(keys.cursors);
  const reapply = createReapply({ db, sessions, keepSeconds: sessionMaxAgeSeconds, logger });
  onRedisBack(reapply.start);

  return {
    authenticate,
    isStillSignedIn: createIsStillSignedIn(roleOf),
    page,
    passwords,
    stop: reapply.stop,
    routes: [
      authRoutes({ auth: service, authenticate, cookie, db, page, sessionMaxAgeSeconds }),
      jwksRoutes(keys.jwks),
    ],
  };
}
