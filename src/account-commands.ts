import { once } from "node:events";
import { Cluster } from "ioredis";
import { noRequest, recordAuditEntry } from "./auth/audit/audit-trail.ts";
import { users } from "./auth/repository.ts";
import { readPostgres, readRedis } from "./config/sections/store-settings.ts";
import { StartError } from "./core/errors/start-error.ts";
import { createDatabase, type Transaction } from "./db/pool.ts";
import { createRedis } from "./redis/client.ts";
import { createRedisAccess } from "./redis/redis-access.ts";
import { createConfirmations } from "./redis/tracking/confirmations.ts";
import { createSessionStore } from "./sessions/session-store.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Changes the account with this email address, and returns a message for the terminal. */
export type AccountCommand = (environment: Environment, email: string) => Promise<string>;

export const grantAdmin: AccountCommand = (environment, email) =>
  changeAccount(environment, async (tx) => {
    const targetId = knownId(await users.setRole(tx, normalized(email), "admin"));
    await recordAuditEntry(tx, noRequest, { action: "role_changed", targetId, details: { to: "admin" } });
    return "The account is an administrator from its next login or token refresh.";
  });

export const revokeAdmin: AccountCommand = async (environment, email) => {
  const redis = readRedis(environment);
  const userId = await changeAccount(environment, async (tx) => {
    const targetId = knownId(await users.setRole(tx, normalized(email), "member"));
    await recordAuditEntry(tx, noRequest, { action: "role_changed", targetId, details: { to: "member" } });
    return targetId;
  });
  return `The account is no longer an administrator${await revokeAndDescribe(redis, userId)}`;
};

export const activate: AccountCommand = (environment, email) =>
  changeAccount(environment, async (tx) => {
    const targetId = knownId(await users.setActive(tx, normalized(email), true));
    await recordAuditEntry(tx, noRequest, { action: "user_activated", targetId });
    return "The account is active. Sessions from before its deactivation stay revoked.";
  });

export const deactivate: AccountCommand = async (environment, email) => {
  const redis = readRedis(environment);
  const userId = await changeAccount(environment, async (tx) => {
    const targetId = knownId(await users.setActive(tx, normalized(email), false));
    await recordAuditEntry(tx, noRequest, { action: "user_deactivated", targetId });
    return targetId;
  });
  return `The account is deactivated${await revokeAndDescribe(redis, userId)}`;
};

/** Runs the change and its entry in the audit trail in one transaction. */
async function changeAccount<T>(environment: Environment, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const db = createDatabase(readPostgres(environment), (statement) => statement());
  try {
    return await db.transaction(work);
  } finally {
    await db.close();
  }
}

/** Revokes the sessions in Redis. Returns the second half of the message for the terminal. */
async function revokeAndDescribe(redis: ReturnType<typeof readRedis>, userId: string): Promise<string> {
  if (await endSessions(redis, userId)) return ", and its sessions are revoked.";
  const reason = redis.target === undefined ? "Redis is not configured" : "Redis is not reachable";
  return `. ${reason}, so running instances revoke its sessions within two seconds.`;
}

/** Returns whether the sessions were revoked in Redis. */
async function endSessions({ target, ...limits }: ReturnType<typeof readRedis>, userId: string): Promise<boolean> {
  if (target === undefined) return false;
  const client = createRedis(target, limits, "haven-command", { retryStrategy: () => null });
  const access = createRedisAccess({ read: client, write: client }, (work) => work());
  // With a Redis Cluster, instances cache no sessions, so there is nothing to confirm.
  const confirmations =
    client instanceof Cluster ? undefined : createConfirmations({ client, redis: access, remembersKeys: false });
  const sessions = createSessionStore({
    redis: access,
    // Only `revoke` is called; the limits apply to new sessions.
    limits: { idleSeconds: 0, maxAgeSeconds: 0 },
    confirmRevocation: confirmations?.confirm,
  });
  try {
    await once(client, "ready", { signal: AbortSignal.timeout(limits.connectTimeoutMs * 3) });
    await confirmations?.listen().catch(() => undefined);
    await sessions.revoke(userId, { allBut: "" });
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

const normalized = (email: string) => email.trim().toLowerCase();

function knownId(id: string | undefined): string {
  if (id === undefined) throw new StartError("No account with this email address.");
  return id;
}
