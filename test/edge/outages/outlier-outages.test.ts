import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { send } from "../../shared/requests/proxy-client.ts";
import {
  breakPaths,
  intervalMs,
  notReadyWithinMs,
  type PathMember,
  restoreFleet,
  startPathFleet,
  verdictOf,
  verdicts,
  watchVerdicts,
} from "../support/path-fleet.ts";
import { assertProblem } from "../support/problem.ts";

let members: readonly PathMember[] = [];
before(async () => {
  members = await startPathFleet(3, { READY_POLICY: "outlier", READY_REQUIRES: "postgres,redis" });
});
beforeEach(() => restoreFleet(members));

const outages = [
  ["Postgres", "database", "postgres", "/test/sql/1"],
  ["Redis", "redis", "redis", "/test/redis"],
] as const;

for (const [storeName, store, check, path] of outages) {
  for (const fault of ["refuse", "hole"] as const) {
    test(`${storeName} down for all instances (${fault}): all stay in rotation, only requests that need ${storeName} get 503, and all recover in time`, async () => {
      const watch = watchVerdicts(members);
      await breakPaths(members, [store], fault);
      const shared = await eventually(
        () => verdicts(members),
        (all) => all.every(({ body }) => body.sharedOutage?.includes(check)),
        notReadyWithinMs + 1000,
        50,
      );
      for (const { status, body } of shared) {
        assert.equal(status, 200);
        assert.partialDeepStrictEqual(body, { status: "degraded", ready: true, sharedOutage: [check] });
      }
      await sleep(2 * intervalMs);

      const refused = [];
      for (let count = 0; count < 30; count += 1) refused.push(await send(path));
      for (const answer of refused) {
        assert.equal(answer.status, 503);
        assertProblem(answer, "unavailable");
        assert.match(String(answer.headers["retry-after"]), /^\d+$/);
      }
      const times = refused.map(({ ms }) => ms).sort((a, b) => a - b);
      const medianMs = times[Math.floor(times.length / 2)] ?? Number.NaN;
      assert.ok(medianMs < 50, `${medianMs} ms`);
      for (let count = 0; count < 30; count += 1) assert.equal((await send("/test/items/1")).status, 200);

      await breakPaths(members, [store], "pass");
      const recoveredAt = performance.now();
      await eventually(
        () => verdicts(members),
        (all) => all.every(({ body }) => body.status === "ready"),
        10_000,
        20,
      );
      const recoveryMs = Math.round(performance.now() - recoveredAt);
      assert.equal((await send(path)).status, 200);
      const changes = await watch.stop();
      process.stderr.write(
        `${storeName} ${fault}: 503 in ${Math.round(medianMs)} ms (median); all reported as ready after ${recoveryMs} ms\n`,
      );
      for (const [name, states] of changes) {
        const observed = states.map(({ state }) => state);
        assert.ok(!observed.includes("not_ready"), `${name}: ${observed.join(", ")}`);
      }
      // A recovery takes two successful checks an interval apart, after the check that was hanging has ended.
      assert.ok(recoveryMs < 2 * intervalMs + (fault === "hole" ? 1000 : 0) + 300, `${recoveryMs} ms`);
    });
  }
}

for (const fault of ["refuse", "hole", "freeze"] as const) {
  test(`an instance that is the only one to lose Redis (${fault}) leaves the rotation, after it has compared its checks with its peers through Postgres`, async () => {
    const [victim, ...others] = members;
    assert.ok(victim !== undefined);
    const watch = watchVerdicts(others);
    await breakPaths([victim], ["redis"], fault);
    await eventually(
      () => verdictOf(victim),
      ({ status }) => status === 503,
      notReadyWithinMs + 500,
      25,
    );
    await sleep(2 * intervalMs);
    assert.equal((await verdictOf(victim)).status, 503);
    for (const [name, states] of await watch.stop())
      assert.deepEqual([name, states.map(({ state }) => state)], [name, ["ready"]]);
  });
}

test("an instance that is the only one to lose both stores leaves the rotation", async () => {
  const [victim, ...others] = members;
  assert.ok(victim !== undefined);
  const watch = watchVerdicts(others);
  await breakPaths([victim], ["database", "redis"], "hole");
  await eventually(
    () => verdictOf(victim),
    ({ status }) => status === 503,
    notReadyWithinMs + 500,
    25,
  );
  for (const [name, states] of await watch.stop())
    assert.deepEqual([name, states.map(({ state }) => state)], [name, ["ready"]]);
});

test("if all instances lose both stores, they act as with READY_POLICY=strict", async () => {
  await breakPaths(members, ["database", "redis"], "refuse");
  await eventually(
    () => verdicts(members),
    (all) => all.every(({ status, body }) => status === 503 && body.sharedOutage === undefined),
    notReadyWithinMs + 1000,
    50,
  );
});

test("an instance that drains in a shared outage leaves the rotation, because the policy does not apply to a drain", async () => {
  const [victim] = members;
  assert.ok(victim !== undefined);
  await breakPaths(members, ["database"], "refuse");
  await eventually(
    () => verdicts(members),
    (all) => all.every(({ body }) => body.sharedOutage !== undefined),
    notReadyWithinMs + 1000,
    25,
  );
  victim.process.child.kill("SIGTERM");
  const { code } = await victim.process.exited;
  assert.equal(code, 0);
  for (const { status, body } of await verdicts(members.slice(1)))
    assert.deepEqual([status, body.sharedOutage], [200, ["postgres"]]);
});
