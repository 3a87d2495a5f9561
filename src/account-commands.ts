import { once } from "node:events";
import { users } from "./auth/repository.ts";
import { readPostgres, readRedis } from "./config/read-config.ts";
import { StartError } from "./core/start-error.ts";
import { createDatabase, type Database } from "./db/pool.ts";
import { createRedis } from "./redis/client.ts";
import { createRedisAccess } from "./redis/redis-access.ts";
import { createSessionStore } from "./sessions/session-store.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Changes the account with this address and returns the sentence that reports it. */
export type AccountCommand = (environment: Environment, email: string) => Promise<string>;

export const grantAdmin: AccountCommand = (environment, email) =>
  withDatabase(environment, async (db) => {
    if (!(await users.grantAdmin(db, normalized(email)))) throw unknownAccount();
    return "Done: the account is an administrator from its next login or refresh on.";
  });

export const activate: AccountCommand = (environment, email) =>
  withDatabase(environment, async (db) => {
    if ((await users.setActive(db, normalized(email), true)) === undefined) throw unknownAccount();
    return "Done: the account is active; sessions from before a deactivation stay ended.";
  });

export const deactivate: AccountCommand = (environment, email) =>
  withDatabase(environment, async (db) => {
    const redis = readRedis(environment);
    const userId = await users.setActive(db, normalized(email), false);
    if (userId === undefined) throw unknownAccount();
    if (await endSessions(redis, userId)) return "Done: the account is deactivated and its sessions have ended.";
    const why = redis.target === undefined ? "No Redis is set here" : "Redis cannot be reached from here";
    return `Done: the account is deactivated. ${why}: running instances end its sessions within two seconds.`;
  });

async function withDatabase<T>(environment: Environment, work: (db: Database) => Promise<T>): Promise<T> {
  const db = createDatabase(readPostgres(environment), (statement) => statement());
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Whether Redis, where all instances look, no longer has a session of the user. */
async function endSessions({ target, ...limits }: ReturnType<typeof readRedis>, userId: string): Promise<boolean> {
  if (target === undefined) return false;
  const client = createRedis(target, limits, "haven-command", { retryStrategy: () => null });
  const access = createRedisAccess(client, (work) => work());
  // Only revocation is used; the limits concern sessions that begin.
  const sessions = createSessionStore({ redis: access, limits: { idleSeconds: 0, maxAgeSeconds: 0 } });
  try {
    await once(client, "ready", { signal: AbortSignal.timeout(limits.connectTimeoutMs * 3) });
    await sessions.revoke(userId, { allBut: "" });
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

const normalized = (email: string) => email.trim().toLowerCase();

const unknownAccount = () => new StartError("There is no account with this address.");
