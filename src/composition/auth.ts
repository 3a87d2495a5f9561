import type { Letter } from "../auth/account-mail/letter.ts";
import { addressRoutes } from "../auth/address/routes.ts";
import { createAddressService } from "../auth/address/service.ts";
import { adminRoutes } from "../auth/admin/routes.ts";
import { createAdminService } from "../auth/admin/service.ts";
import { createAuthenticateKey } from "../auth/api-keys/authenticate-key.ts";
import { createKeyLimit } from "../auth/api-keys/key-limit.ts";
import { apiKeys } from "../auth/api-keys/repository.ts";
import { apiKeyRoutes } from "../auth/api-keys/routes.ts";
import { createApiKeyService } from "../auth/api-keys/service.ts";
import { createAuthenticate } from "../auth/authenticate.ts";
import { createSessionCookie } from "../auth/cookie.ts";
import { isActiveUser } from "../auth/issuers/identities.ts";
import { leavingRoutes } from "../auth/leaving/routes.ts";
import { createLeavingService, type RemoveFiles } from "../auth/leaving/service.ts";
import { passwordResetRoutes } from "../auth/password-reset/routes.ts";
import { createPasswordResetService } from "../auth/password-reset/service.ts";
import { createPasswords } from "../auth/passwords.ts";
import { createRateLimit } from "../auth/rate-limit.ts";
import { createRetention } from "../auth/retention.ts";
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
import { createUnknownNetworkLimit } from "../auth/unknown-networks/unknown-network-limit.ts";
import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Certificates } from "../core/network/certificate-watch.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Database, Queryable } from "../db/pool.ts";
import { createPager } from "../http/pagination.ts";
import type { Check } from "../kit/health/check.ts";
import type { Outbox } from "../mail/outbox.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import { createSessionSecrets } from "../sessions/session-secrets.ts";
import { createSessionStore, type StoreDeps } from "../sessions/session-store.ts";
import { composeIssuers } from "./issuers.ts";
import type { Overrides } from "./overrides.ts";

export type AuthPartsDeps = {
  config: Config;
  logger: Logger;
  jwtSecret: string;
  db: Database;
  redis: RedisAccess;
  /** The stores for background work, whose failures do not open the breakers. */
  background: { db: Queryable; redis: RedisAccess };
  sessionCache: Pick<StoreDeps, "cache" | "confirmRevocation">;
  /** Calls back when Redis is reachable again and may lack revocations. */
  onRedisBack(listener: () => void): void;
  tracer: Tracer;
  outbox: Outbox<Letter>;
  certificates: Certificates;
  addCheck(check: Check): void;
  removeFiles: RemoveFiles;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

/** Creates the parts for tokens, sessions, accounts, and the authentication of requests. */
export function composeAuth(deps: AuthPartsDeps) {
  const { config, logger, jwtSecret, db, redis, background, sessionCache, onRedisBack, outbox } = deps;
  const { tracer, certificates, addCheck, removeFiles, stack, overrides } = deps;
  const { auth } = config;
  const { sessionMaxAgeSeconds } = auth;
  const keys = createTokenKeys({
    secret: jwtSecret,
    previousSecrets: auth.previousSecrets,
    privateKey: auth.privateKey,
    previousPrivateKey: auth.previousPrivateKey,
  });
  const tokens = createAccessTokens(keys, Math.min(auth.accessTokenTtlSeconds, auth.sessionTtlSeconds));
  const secrets = createSessionSecrets(keys.sessionSecrets);
  const limits = { idleSeconds: auth.sessionTtlSeconds, maxAgeSeconds: auth.sessionMaxAgeSeconds };
  const sessions = overrides.sessions ?? createSessionStore({ redis, limits, ...sessionCache });
  const cookie = createSessionCookie({ name: auth.cookieName, secure: config.production });
  const passwords = overrides.passwords ?? createPasswords({ queueTimeoutMs: auth.passwordQueueTimeoutMs, tracer });
  const rateLimit = overrides.rateLimit ?? createRateLimit({ redis, perMinute: auth.rateLimitPerMinute });
  const unknownNetworkLimit = createUnknownNetworkLimit({ redis, perMinute: auth.rateLimitPerMinute });
  const roleOf = createRoleOf({ sessions, activeRole: (userId, sessionId) => activeRole(db, userId, sessionId) });
  const authenticateIssuer = composeIssuers({ config, db, passwords, certificates, addCheck });
  const keyLimit = createKeyLimit({ redis, perMinute: auth.apiKeyRateLimitPerMinute });
  const authenticateKey = createAuthenticateKey({ db, limit: keyLimit });
  const authenticate =
    overrides.authenticate ??
    createAuthenticate({ tokens, sessions, cookie, roleOf, authenticateKey, authenticateIssuer });

  const backgroundSessions = createSessionStore({ redis: background.redis, limits });
  const reuseRevocations = stack.adopt(
    createReuseRevocations({ db, sessions: backgroundSessions, keepSeconds: sessionMaxAgeSeconds, logger }),
    (revocations) => revocations.stop(),
  );
  stack.adopt(createDeactivationWatch({ db: background.db, sessions: backgroundSessions, logger }), (watch) =>
    watch.stop(),
  );
  stack.adopt(createRetention({ db: background.db, ...auth.retention }), (retention) => retention.stop());
  const resync = stack.adopt(
    createRevocationResync({
      db: background.db,
      sessions: backgroundSessions,
      keepSeconds: sessionMaxAgeSeconds,
      logger,
    }),
    (running) => running.stop(),
  );
  onRedisBack(resync.start);

  const service = createAuthService({
    db,
    sessions,
    secrets,
    tokens,
    passwords,
    rateLimit,
    reuseRevocations,
    unknownNetworkLimit,
    outbox,
    signUp: auth.signUp,
    sessionMaxAgeSeconds,
    logger,
  });
  const addresses = createAddressService({ db, rateLimit, unknownNetworkLimit, outbox });
  const passwordResets = createPasswordResetService({
    db,
    sessions,
    passwords,
    rateLimit,
    unknownNetworkLimit,
    outbox,
  });

  const admin = createAdminService({ db, sessions, outbox });

  const leaving = createLeavingService({
    db,
    sessions,
    passwords,
    rateLimit,
    unknownNetworkLimit,
    removeFiles,
    sessionMaxAgeSeconds,
  });

  const page = createPager(keys.cursors);
  return {
    authenticate,
    isStillSignedIn: createIsStillSignedIn({
      roleOf,
      isActiveKey: (keyId) => apiKeys.isActive(db, keyId),
      isActiveUser: (userId) => isActiveUser(db, userId),
    }),
    page,
    passwords,
    routes: [
      authRoutes({ auth: service, authenticate, cookie, db, page, sessionMaxAgeSeconds }),
      apiKeyRoutes({ service: createApiKeyService({ db }), authenticate, db, page }),
      leavingRoutes({ service: leaving, authenticate, cookie, data: { db, sessions } }),
      adminRoutes({ service: admin, authenticate, db, page }),
      addressRoutes(addresses, authenticate),
      passwordResetRoutes(passwordResets),
      jwksRoutes(keys.jwks),
    ],
  };
}
