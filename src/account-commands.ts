import { once } from "node:events";
import { Cluster } from "ioredis";
import { users } from "./auth/repository.ts";
import { readPostgres, readRedis } from "./config/store-settings.ts";
import { StartError } from "./core/start-error.ts";
import { createDatabase, type Database } from "./db/pool.ts";
import { createRedis } from "./redis/client.ts";
import { createRedisAccess } from "./redis/redis-access.ts";
import { createConfirmations } from "./redis/tracking/confirmations.ts";
import { createSessionStore } from "./sessions/session-store.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Changes the account with this email address, and returns a message for the terminal. */
export type AccountCommand = (environment: Environment, email: string) => Promise<string>;

export const grantAdmin: AccountCommand = (environment, email) =>
  withDatabase(environment, async (db) => {
    if (!(await users.grantAdmin(db, normalized(email)))) throw unknownAccount();
    return "The account is an administrator from its next login or token refresh.";
  });

export const activate: AccountCommand = (environment, email) =>
  withDatabase(environment, async (db) => {
    if ((await users.setActive(db, normalized(email), true)) === undefined) throw unknownAccount();
    return "The account is active. Sessions from before its deactivation stay revoked.";
  });

export const deactivate: AccountCommand = (environment, email) =>
  withDatabase(environment, async (db) => {
    const redis = readRedis(environment);
    const userId = await users.setActive(db, normalized(email), false);
    if (userId === undefined) throw unknownAccount();
    if (await endSessions(redis, userId)) return "The account is deactivated, and its sessions are revoked.";
    const why = redis.target === undefined ? "Redis is not configured" : "Redis is not reachable";
    return `The account is deactivated. ${why}, so running instances revoke its sessions within two seconds.`;
  });

async function withDatabase<T>(environment: Environment, work: (db: Database) => Promise<T>): Promise<T> {
  const db = createDatabase(readPostgres(environment), (statement) => statement());
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Returns whether the sessions were revoked in Redis. */
async function endSessions({ target, ...limits }: ReturnType<typeof readRedis>, userId: string): Promise<boolean> {
  if (target === undefined) return false;
  const client = createRedis(target, limits, "haven-command", { retryStrategy: () => null });
  const access = createRedisAccess({ read: client, write: client }, (work) => work());
  // With a Cluster, no instance remembers sessions.
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

const unknownAccount = () => new StartError("No account with this email address.");
