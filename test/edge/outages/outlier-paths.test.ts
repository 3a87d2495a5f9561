import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { onePathCases } from "../cases/path-cases.ts";
import {
  breakPaths,
  decisionsSince,
  intervalMs,
  notReadyWithinMs,
  outputLengths,
  type PathMember,
  restoreFleet,
  startPathFleet,
  verdictOf,
  watchVerdicts,
} from "../support/path-fleet.ts";

let members: readonly PathMember[] = [];
before(async () => {
  members = await startPathFleet(5, { READY_POLICY: "outlier" });
});
beforeEach(() => restoreFleet(members));

onePathCases(() => members);

/**
 * Breaks the connections of these members to Postgres, for long enough that a decision could change twice. Returns the
 * states and decisions of the instances.
 */
async function losePostgres(affected: readonly PathMember[]) {
  const lengthsBefore = outputLengths(members);
  const watch = watchVerdicts(members);
  await sleep(100);
  await breakPaths(affected, ["database"], "refuse");
  await sleep(notReadyWithinMs + 3 * intervalMs);
  const changes = await watch.stop();
  const decisions = decisionsSince(members, lengthsBefore);
  const states = ({ name }: PathMember) => (changes.get(name) ?? []).map(({ state }) => state);
  const lastAt = Math.max(...affected.map(({ name }) => changes.get(name)?.at(-1)?.afterMs ?? Number.NaN)) - 100;
  return { states, decisions, lastAt };
}

test("if two of five instances lose Postgres, the two leave the rotation once, within the time limit", async () => {
  const affected = members.slice(0, 2);
  const { states, decisions, lastAt } = await losePostgres(affected);
  for (const member of affected) assert.equal(states(member).at(-1), "not_ready", states(member).join(", "));
  for (const member of affected) assert.equal(states(member).filter((state) => state === "not_ready").length, 1);
  for (const member of members.slice(2)) assert.deepEqual(states(member), ["ready"]);
  assert.deepEqual(decisions, ["api-server-1 postgres outlier", "api-server-2 postgres outlier"]);
  assert.ok(lastAt <= notReadyWithinMs + 300, `${lastAt} ms`);
});

test("if four of five instances lose Postgres, the outage is shared: all stay in rotation, and the decision does not change", async () => {
  const affected = members.slice(0, 4);
  const { states, decisions } = await losePostgres(affected);
  for (const member of affected) assert.equal(states(member).at(-1), "degraded postgres", states(member).join(", "));
  for (const member of members) assert.ok(!states(member).includes("not_ready"), states(member).join(", "));
  assert.deepEqual(
    decisions,
    affected.map(({ name }) => `${name} postgres shared_outage`),
  );
});

test("if three of five instances lose Postgres, the vote is a tie, and the three leave the rotation as with the strict policy", async () => {
  const affected = members.slice(0, 3);
  const { states, decisions } = await losePostgres(affected);
  for (const member of affected) assert.equal(states(member).at(-1), "not_ready", states(member).join(", "));
  for (const member of affected) assert.equal(states(member).filter((state) => state === "not_ready").length, 1);
  assert.deepEqual(
    decisions,
    affected.map(({ name }) => `${name} postgres unsure`),
  );
});

test("the heartbeat of an instance killed in a shared outage expires within three intervals, and no decision changes", async () => {
  const victim = members[4];
  const survivors = members.slice(0, 4);
  assert.ok(victim !== undefined);
  const lengthsBefore = outputLengths(survivors);
  await breakPaths(members, ["database"], "refuse");
  const isSharedOutage = (member: PathMember) => verdictOf(member).then(({ body }) => body.sharedOutage !== undefined);
  await eventually(
    async () => (await Promise.all(members.map(isSharedOutage))).every(Boolean),
    Boolean,
    notReadyWithinMs + 1000,
    50,
  );
  const watch = watchVerdicts(survivors);
  victim.process.child.kill("SIGKILL");
  const killedAt = performance.now();
  const countInstances = async ({ url }: PathMember) => {
    const { instances } = (await ask(`${url}/api/v1/instances`)).json() as { instances: readonly unknown[] };
    return instances.length;
  };
  const counts = () => Promise.all(survivors.map(countInstances));
  await eventually(counts, (all) => all.every((count) => count === 4), 10_000, 25);
  const expiryMs = performance.now() - killedAt;
  await sleep(3 * intervalMs);
  for (const [name, states] of await watch.stop())
    assert.deepEqual([name, states.map(({ state }) => state)], [name, ["degraded postgres"]]);
  assert.deepEqual(
    decisionsSince(survivors, lengthsBefore),
    survivors.map(({ name }) => `${name} postgres shared_outage`),
  );
  assert.ok(expiryMs < 3 * intervalMs, `${expiryMs} ms`);
});
