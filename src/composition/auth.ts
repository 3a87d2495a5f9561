import { createAuthenticate } from "../auth/authenticate.ts";
import { createSessionCookie } from "../auth/cookie.ts";
import { createPasswords } from "../auth/passwords.ts";
import { createRateLimit } from "../auth/rate-limit.ts";
import { createDeactivationWatch } from "../auth/revocations/deactivation-watch.ts";
import { createReuseRevocations } from "../auth/revocations/reuse-revocations.ts";
import { createRevocationResync } from "../auth/revocations/revocation-resync.ts";
import { activeRole } from "../auth/revocations/revocations.ts";
import { authRoutes } from "../auth/routes.ts";
import { createAuthService } from "../auth/service.ts";
import { createIsStillSignedIn, createRoleOf } from "../auth/session-status.ts";
import { createAccessTokens } from "../auth/tokens/access-token.ts";
import { jwksRoutes } from "../auth/tokens/jwks.ts";
import { createTokenKeys } from "../auth/tokens/token-keys.ts";
import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logger.ts";
import type { Database, Queryable } from "../db/pool.ts";
import { createPager } from "../http/pagination.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import { createSessionSecrets } from "../sessions/session-secrets.ts";
import { createSessionStore } from "../sessions/session-store.ts";

export type AuthPartsDeps = {
  config: Config;
  logger: Logger;
  db: Database;
  redis: RedisAccess;
  /** The same for work that no request waits for, and whose failures open no breaker. */
  aside: { db: Queryable; redis: RedisAccess };
  /** Calls back whenever Redis may have missed something. */
  onRedisBack(listener: () => void): void;
  jwtSecret: string;
};

/** Tokens, sessions, accounts, and who is calling. */
export function composeAuth({ config, logger, db, redis, aside, onRedisBack, jwtSecret }: AuthPartsDeps) {
  const { auth } = config;
  const keys = createTokenKeys({ ...auth, secret: jwtSecret });
  const tokens = createAccessTokens(keys, Math.min(auth.accessTokenTtlSeconds, auth.sessionTtlSeconds));
  const secrets = createSessionSecrets(keys.derived);
  const limits = { idleSeconds: auth.sessionTtlSeconds, maxAgeSeconds: auth.sessionMaxAgeSeconds };
  const sessions = createSessionStore({ redis, limits });
  const cookie = createSessionCookie({ name: auth.cookieName, secure: config.production });
  const passwords = createPasswords({ queueTimeoutMs: auth.passwordQueueTimeoutMs });
  const rateLimit = createRateLimit({ redis, perMinute: auth.rateLimitPerMinute });
  const roleOf = createRoleOf({ sessions, activeRole: (userId, sessionId) => activeRole(db, userId, sessionId) });
  const authenticate = createAuthenticate({ tokens, sessions, cookie, roleOf });
  const { sessionMaxAgeSeconds } = auth;
  const inBackground = {
    db: aside.db,
    sessions: createSessionStore({ redis: aside.redis, limits }),
    keepSeconds: sessionMaxAgeSeconds,
    logger,
  };
  const reuseRevocations = createReuseRevocations({ ...inBackground, db });
  const deactivationWatch = createDeactivationWatch(inBackground);
  const service = createAuthService({
    db,
    sessions,
    secrets,
    tokens,
    passwords,
    rateLimit,
    reuseRevocations,
    sessionMaxAgeSeconds,
    logger,
  });

  const page = createPager(keys.cursors);
  const resync = createRevocationResync(inBackground);
  onRedisBack(resync.start);

  return {
    authenticate,
    isStillSignedIn: createIsStillSignedIn(roleOf),
    page,
    passwords,
    stop(): void {
      resync.stop();
      reuseRevocations.stop();
      deactivationWatch.stop();
    },
    routes: [
      authRoutes({ auth: service, authenticate, cookie, db, page, sessionMaxAgeSeconds }),
      jwksRoutes(keys.jwks),
    ],
  };
}
