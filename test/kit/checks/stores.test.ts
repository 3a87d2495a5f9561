import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { Redis } from "ioredis";
import pg from "pg";
import { type PostgresCheckOptions, postgresCheck } from "../../../src/kit/checks/postgres.ts";
import { type NodeRedisClient, type RedisClient, redisCheck } from "../../../src/kit/checks/redis.ts";
import type { Check } from "../../../src/kit/index.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { freshDatabase, query, variableOfRun } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { frameworksFolder, withoutFrameworks } from "../support/frameworks.ts";
import { capabilityOf, outcomeOf } from "./support.ts";

const databaseUrl = await freshDatabase({ migrated: false });
const redisUrl = await freshRedis();
const timeoutMs = 200;

const closedAtEnd = (check: Check): Check => {
  atEnd(() => check.close?.());
  return check;
};

/** Returns a function that runs SQL, as an app with another driver would write it. */
const runSql = (url: string) => async (text: string, signal: AbortSignal) => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  const end = () => void client.end().catch(() => undefined);
  signal.addEventListener("abort", end, { once: true });
  try {
    await client.connect();
    return await client.query(text);
  } finally {
    end();
  }
};

const loadNodeRedis = (): { createClient(options: object): NodeRedisClient } =>
  createRequire(join(frameworksFolder, "index.js"))("redis");

type Store = {
  url: string;
  make(url: string, options?: Pick<PostgresCheckOptions, "write">): Check;
  options?: { skip: string | false };
};

const redisStore = (client: (url: string) => RedisClient, options: Store["options"] = { skip: false }): Store => ({
  url: redisUrl,
  make: (url, { write = false } = {}) =>
    closedAtEnd(redisCheck({ client: () => client(url), ...(write !== false && { write: true }) })),
  options,
});

const stores: Readonly<Record<string, Store>> = {
  pg: {
    url: databaseUrl,
    make: (url, options) =>
      closedAtEnd(postgresCheck({ client: () => new pg.Client({ connectionString: url }), ...options })),
  },
  ioredis: redisStore((url) => new Redis(url)),
  "node-redis": redisStore((url) => loadNodeRedis().createClient({ url }), withoutFrameworks()),
};

/** Creates a check that connects through a proxy, which can break its connection. */
async function behindProxy(store: Store): Promise<{ check: Check; proxy: FaultProxy }> {
  const proxy = await startFaultProxy(store.url);
  return { check: store.make(proxy.url, { write: true }), proxy };
}

for (const [name, store] of Object.entries(stores)) {
  test(`${name}: read and write pass, each on a connection of its own that is kept`, store.options, async () => {
    const { check, proxy } = await behindProxy(store);
    for (const capability of ["read", "write", "read", "write"])
      assert.equal(await outcomeOf(check, capability), "passed", capability);
    const opened = proxy.opened();
    for (const capability of ["read", "write"]) assert.equal(await outcomeOf(check, capability), "passed");
    assert.equal(proxy.opened(), opened);
    assert.equal(proxy.open(), 2);
    check.close?.();
    await eventually(proxy.open, (open) => open === 0);
  });

  test(
    `${name}: a check of a server that never answers times out at its limit and leaves no connection`,
    store.options,
    async () => {
      for (const isConnected of [false, true]) {
        const { check, proxy } = await behindProxy(store);
        const title = isConnected ? "fault after the connection" : "fault before the connection";
        const capabilities = ["read", "write"];
        if (isConnected) for (const name of capabilities) assert.equal(await outcomeOf(check, name), "passed");
        await proxy.set("hole");
        for (const name of capabilities) assert.equal(await outcomeOf(check, name, timeoutMs), "timeout", title);
        await eventually(proxy.open, (open) => open === 0);
        await proxy.set("pass");
        for (const name of capabilities) assert.equal(await outcomeOf(check, name), "passed", title);
      }
    },
  );

  test(
    `${name}: a refused connection fails the check with the reason refused, and the next run connects again`,
    store.options,
    async () => {
      const { check, proxy } = await behindProxy(store);
      assert.equal(await outcomeOf(check), "passed");
      await proxy.set("refuse");
      // The first run after the fault may fail on the old connection.
      await outcomeOf(check);
      assert.equal(await outcomeOf(check), "refused");
      await proxy.set("pass");
      assert.equal(await outcomeOf(check), "passed");
    },
  );
}

test("postgres: a function that runs SQL can replace the client, and wrong credentials are reported as the reason", async () => {
  const check = postgresCheck({ query: runSql(databaseUrl), write: true });
  for (const capability of ["read", "write"]) assert.equal(await outcomeOf(check, capability), "passed");
  const url = new URL(databaseUrl);
  url.username = "unknown_role";
  assert.equal(await outcomeOf(postgresCheck({ query: runSql(url.href) })), "credentials");
});

test("postgres: on a read-only server the read passes, and the write fails with the reason read_only", async () => {
  const url = await freshDatabase({ migrated: false });
  const { make } = stores["pg"] as Store;
  const check = make(url, { write: true });
  assert.equal(await outcomeOf(check, "write"), "passed");
  const name = new URL(url).pathname.slice(1);
  await query(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const fresh = make(url, { write: true });
  assert.equal(await outcomeOf(fresh, "read"), "passed");
  assert.equal(await outcomeOf(fresh, "write"), "read_only");
});

test("postgres: a write that waits for a lock ends at the time limit, also in the server", async () => {
  const url = await freshDatabase({ migrated: false });
  const { make } = stores["pg"] as Store;
  const check = make(url, { write: { table: "public.own_writes" } });
  assert.equal(await outcomeOf(check, "write"), "passed");
  const blocker = new pg.Client({ connectionString: url });
  await blocker.connect();
  await blocker.query("BEGIN; LOCK TABLE own_writes IN ACCESS EXCLUSIVE MODE");
  assert.equal(await outcomeOf(check, "write", timeoutMs), "timeout");
  assert.equal(await outcomeOf(check, "read"), "passed");
  await blocker.end();
  await eventually(
    () => query<{ count: number }>(url, "SELECT count(*)::int FROM pg_locks WHERE NOT granted"),
    ([waiting]) => waiting?.count === 0,
  );
  assert.equal(await outcomeOf(check, "write"), "passed");
});

test("redis: for a user without the right to write the read passes, and the write fails with the reason forbidden", async () => {
  const admin = new Redis(variableOfRun("TEST_REDIS_URL"));
  atEnd(() => admin.disconnect());
  const user = "kit_reader";
  await admin.call("ACL", "SETUSER", user, "on", ">secret", "~*", "+get", "+hello", "+client", "+info", "+select");
  atEnd(() => admin.call("ACL", "DELUSER", user));
  const url = new URL(redisUrl);
  url.username = user;
  url.password = "secret";
  const check = (stores["ioredis"] as Store).make(url.href, { write: true });
  assert.equal(await outcomeOf(check, "read"), "passed");
  assert.equal(await outcomeOf(check, "write"), "forbidden");
});

test("write is a capability of its own, and not critical unless set", () => {
  const client = () => new Redis(redisUrl, { lazyConnect: true });
  assert.equal(capabilityOf(redisCheck({ client, write: true }), "write").critical, false);
  assert.equal(capabilityOf(redisCheck({ client, write: { critical: true } }), "write").critical, true);
  assert.equal(capabilityOf(redisCheck({ client, critical: false })).critical, false);
  assert.ok(!("capabilities" in redisCheck({ client })));
});
