import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { Redis } from "ioredis";
import pg from "pg";
import { z } from "zod";
import { postgresFleetStore } from "../../src/kit/fleet/public-postgres-store.ts";
import { redisFleetStore } from "../../src/kit/fleet/public-redis-store.ts";
import { createHealth, type FleetOptions, type SharedStore } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";

const databaseUrl = await freshDatabase({ migrated: false });
const redisUrl = await freshRedis();

/** Connects as each instance of an app does. */
const stores: Readonly<Record<string, () => SharedStore>> = {
  redis() {
    const client = new Redis(redisUrl, { commandTimeout: 1000 });
    client.on("error", () => undefined);
    atEnd(() => client.disconnect());
    return redisFleetStore({ client });
  },
  postgres() {
    const pool = new pg.Pool({ connectionString: databaseUrl, query_timeout: 1000 });
    pool.on("error", () => undefined);
    atEnd(() => pool.end());
    return postgresFleetStore({ pool });
  },
};

const waitMs = 20_000;
const drainTimes = { delayMs: 0, lingerMs: 0, timeoutMs: 1000 };
const reported = z.object({
  status: z.string(),
  sharedOutage: z.array(z.string()).optional(),
});
const listed = z.object({ store: z.string().nullable(), instances: z.array(z.object({ instance: z.string() })) });

/** Starts an instance of an app, whose check of the database fails on request. */
async function startInstance(number: number, options: Partial<FleetOptions> & Pick<FleetOptions, "stores">) {
  const db = { isDown: false };
  const decisions: string[] = [];
  const health = createHealth({
    service: "orders",
    instance: `orders-${number}`,
    intervalMs: 200,
    timeoutMs: 400,
    checks: [
      {
        name: "db",
        critical: true,
        async run() {
          if (db.isDown) throw new Error("down");
        },
      },
    ],
    fleet: { shared: ["db"], onDecision: ({ decision }) => decisions.push(decision), ...options },
  });
  atEnd(health.stop);
  const server = createServer();
  health.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close());
  const url = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
  const ready = async () => {
    const answer = await ask(`${url}/ready`);
    const { status, sharedOutage } = reported.parse(answer.json());
    return `${answer.status} ${status}${sharedOutage === undefined ? "" : ` ${sharedOutage}`}`;
  };
  const fleet = async () => listed.parse((await ask(`${url}/api/v1/instances`)).json());
  return { db, decisions, health, server, url, ready, fleet };
}

for (const [name, connect] of Object.entries(stores)) {
  test(`over ${name}, an instance that fails alone leaves the rotation, and in a shared outage all instances stay`, async () => {
    const all = await Promise.all([1, 2, 3].map((number) => startInstance(number, { stores: [connect()] })));
    const [first] = all;
    assert.ok(first !== undefined);
    const readiness = () => Promise.all(all.map(({ ready }) => ready()));
    for (const { fleet } of all)
      await eventually(
        async () => (await fleet()).instances.map(({ instance }) => instance).join(),
        (seen) => seen === "orders-1,orders-2,orders-3",
        waitMs,
      );
    assert.equal((await first.fleet()).store, name);

    first.db.isDown = true;
    await eventually(readiness, (seen) => seen.join() === "503 not_ready,200 ready,200 ready", waitMs);
    assert.deepEqual(first.decisions, ["outlier"]);
    first.db.isDown = false;
    await eventually(readiness, (seen) => seen.every((one) => one === "200 ready"), waitMs);

    for (const { db } of all) db.isDown = true;
    await eventually(readiness, (seen) => seen.every((one) => one === "200 degraded db"), waitMs);
    await eventually(
      async () => (await ask(`${first.url}/metrics`)).text,
      (text) =>
        /^ready_policy_decisions_total\{decision="outlier"\} 1$/m.test(text) &&
        /^fleet_instances\{state="degraded"\} 3$/m.test(text),
      waitMs,
    );

    await first.health.drain(first.server, drainTimes);
    for (const { fleet } of all.slice(1))
      await eventually(
        async () => (await fleet()).instances.map(({ instance }) => instance).join(),
        (seen) => seen === "orders-2,orders-3",
        waitMs,
      );
  });
}

test("the table of the heartbeats is created unlogged", async () => {
  const rows = await query<{ kind: string }>(
    databaseUrl,
    "SELECT relpersistence AS kind FROM pg_class WHERE relname = 'health_instances'",
  );
  assert.deepEqual(rows, [{ kind: "u" }]);
});

test("with the policy strict, an instance leaves the rotation also in a shared outage, and /api/v1/instances lists the fleet", async () => {
  const connect = stores["redis"];
  assert.ok(connect !== undefined);
  const { db, ready, fleet } = await startInstance(1, { stores: [connect()], policy: "strict" });
  await eventually(ready, (seen) => seen === "200 ready", waitMs);
  await eventually(
    async () => (await fleet()).instances.length,
    (count) => count > 0,
  );
  db.isDown = true;
  await eventually(ready, (seen) => seen === "503 not_ready", waitMs);
});

test("wrong fleet options are refused, and a shared check that does not exist prevents the start", () => {
  const untyped = (value: unknown): never => value as never;
  const create = (fleet: unknown) => createHealth({ service: "orders", fleet: untyped(fleet) });
  assert.throws(() => create({ stores: [] }), /fleet\.stores must be an array .* fleet\.shared is required/);
  assert.throws(() => create({ stores: [() => undefined], shared: ["db"], policy: "never" }), /"outlier" or "strict"/);
  const unused: SharedStore = () => ({
    name: "redis",
    write: () => Promise.reject(new Error("not called")),
    writeAndRead: () => Promise.reject(new Error("not called")),
    remove: () => Promise.reject(new Error("not called")),
  });
  const health = create({ stores: [unused], shared: ["db"] });
  atEnd(health.stop);
  assert.throws(health.start, /fleet\.shared names "db", and there is no such check/);
  const policy = () => ({ exempted: [], shared: [] });
  const both = () => createHealth({ service: "orders", policy, fleet: { stores: [unused], shared: ["db"] } });
  assert.throws(both, /policy needs fleet\.policy "strict"/);
});
