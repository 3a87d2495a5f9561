import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Ready, readyOf } from "../fleet/support/local-fleet.ts";
import { eventually } from "../shared/eventually.ts";
import { register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import { asAppRole, prepareTemplate, query } from "../shared/servers/stores/database.ts";
import { startPostgresServer } from "../shared/servers/stores/postgres-servers.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { type Haven, startHaven } from "../support/haven.ts";
import { type MovingAddress, startMovingAddress } from "./support/moving-address.ts";
import { createProperty, intervalMs, limits, listProperties } from "./support/observe.ts";

// Three instances with READY_POLICY=outlier and postgres:write in READY_REQUIRES. Each has its own address for Postgres.

const settings = ["synchronous_commit = on"];

test("in a failover, no instance leaves the rotation while all are read-only, and then only the instance that stays on the old primary leaves", async () => {
  const primary = await startPostgresServer({ settings });
  await prepareTemplate(primary.url);
  const standby = await startPostgresServer({ settings, standbyOf: primary });
  const redisUrl = await freshRedis();
  const members: (Haven & { address: MovingAddress })[] = [];
  for (const name of ["one", "two", "stuck"]) {
    const address = await startMovingAddress(primary.port);
    const url = new URL(asAppRole(primary.url.replace(/\/postgres$/, "/haven_template")));
    url.port = String(address.port);
    const haven = await startHaven({
      env: {
        ...{ ...sameSecret, ...limits, INSTANCE_ID: name, DATABASE_URL: url.href, REDIS_URL: redisUrl },
        ...{ READY_POLICY: "outlier", READY_REQUIRES: "postgres:write" },
      },
    });
    members.push({ ...haven, address });
  }
  const [one, two, stuck] = members;
  assert.ok(one !== undefined && two !== undefined && stuck !== undefined);
  const person = await register(one.url);
  const all = () => Promise.all(members.map(readyOf));
  await eventually(all, (states) => states.every(({ status }) => status === "ready"));

  await query(primary.url, "ALTER SYSTEM SET default_transaction_read_only = on");
  await query(primary.url, "SELECT pg_reload_conf()");
  await eventually(all, (states) => states.every(({ sharedOutage }) => sharedOutage?.includes("postgres:write")));
  await assertNoneLeaves(all);
  assert.equal((await listProperties(two, person)).status, 200);

  await query(standby.url, "SELECT pg_promote()");
  for (const { address } of [one, two]) address.moveTo(standby.port);
  await eventually(all, ([first, second]) => first?.status === "ready" && second?.status === "ready");
  await eventually(
    () => readyOf(stuck),
    ({ status }) => status === "not_ready",
  );
  assert.deepEqual(await statesOf([one, two]), ["ready", "ready"]);
  await assertWrites([one, two], person);

  stuck.address.moveTo(standby.port);
  await eventually(
    () => readyOf(stuck),
    ({ status }) => status === "ready",
  );
  await assertWrites([stuck], person);
});

const statesOf = async (members: readonly Haven[]): Promise<string[]> =>
  (await Promise.all(members.map(readyOf))).map(({ status }) => status);

async function assertNoneLeaves(all: () => Promise<Ready[]>): Promise<void> {
  for (let times = 0; times < 20; times += 1) {
    for (const state of await all()) assert.partialDeepStrictEqual(state, { status: "degraded", ready: true });
    await sleep(intervalMs / 4);
  }
}

async function assertWrites(members: readonly Haven[], person: SignedIn): Promise<void> {
  for (const member of members) assert.equal((await createProperty(member, person)).status, 201);
}
