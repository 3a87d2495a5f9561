import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { startHaven } from "../support/haven.ts";
import { metric } from "../support/metric.ts";

test("while the fleet table is locked, heartbeats occupy at most half of the pool; after the lock is released, they resume", async () => {
  const url = await freshDatabase();
  const { url: base } = await startHaven({
    env: { DATABASE_URL: url, DB_POOL_MAX: "4", HEALTH_CHECK_INTERVAL: "200", HEALTH_CHECK_TIMEOUT: "200" },
    overrides: { routes: testRoutes },
  });
  const locker = new pg.Client({ connectionString: url });
  await locker.connect();
  atEnd(() => locker.end());
  await locker.query("BEGIN; LOCK TABLE fleet_instances IN ACCESS EXCLUSIVE MODE");
  // Shorter than the statement timeout, so that no waiting statement is cancelled.
  await sleep(2000);
  const [waiting] = await query<{ count: number }>(
    url,
    "SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%fleet_instances%'",
  );
  assert.equal(waiting?.count, 2);
  assert.equal((await ask(`${base}/test/sql/1`)).status, 200);
  assert.equal((await ask(`${base}/ready`)).status, 200);
  await locker.query("COMMIT");
  const beat = async () => (await query<{ beat: string }>(url, "SELECT beat FROM fleet_instances"))[0]?.beat;
  const first = await eventually(beat, (value) => value !== undefined);
  await eventually(beat, (value) => Number(value) > Number(first) + 3, 2000);
});

test("failing heartbeats neither open the breaker of requests nor count as calls of requests", async () => {
  const url = await freshDatabase();
  const { url: base } = await startHaven({
    env: { DATABASE_URL: url, HEALTH_CHECK_INTERVAL: "100", HEALTH_CHECK_TIMEOUT: "5000" },
    overrides: { routes: testRoutes },
  });
  const calls = () => metric(base, 'dependency_call_duration_seconds_count{name="postgres"}');
  const before = await calls();
  await query(
    url,
    `CREATE SEQUENCE refused;
     CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN PERFORM nextval('refused'); RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
     CREATE TRIGGER full_disk BEFORE INSERT ON fleet_instances FOR EACH ROW EXECUTE FUNCTION refuse()`,
  );
  await eventually(
    () => query<{ times: string | null }>(url, "SELECT pg_sequence_last_value('refused') AS times"),
    ([refused]) => Number(refused?.times) > 15,
  );
  assert.equal(await metric(base, 'circuit_breaker_events_total{name="postgres",event="opened"}'), 0);
  assert.equal(await calls(), before);
  assert.equal((await ask(`${base}/test/sql/1`)).status, 200);
});
