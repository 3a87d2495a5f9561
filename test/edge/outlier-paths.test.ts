import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { onePathCases } from "./support/path-cases.ts";
import {
  breakWays,
  decisionsSince,
  intervalMs,
  outMs,
  outputLengths,
  type PathMember,
  settled,
  startPathFleet,
  verdictOf,
  watchVerdicts,
} from "./support/path-fleet.ts";

let members: readonly PathMember[] = [];
before(async () => {
  members = await startPathFleet(5, { READY_POLICY: "outlier" });
});
beforeEach(() => settled(members));

onePathCases(() => members);

/** Breaks the paths to Postgres for long enough to change a decision twice, and returns the decisions of the instances. */
async function lose(those: readonly PathMember[]) {
  const from = outputLengths(members);
  const watch = watchVerdicts(members);
  await sleep(100);
  await breakWays(those, ["database"], "refuse");
  await sleep(outMs + 3 * intervalMs);
  const stories = await watch.stop();
  const decisions = decisionsSince(members, from);
  const story = ({ name }: PathMember) => (stories.get(name) ?? []).map(({ is }) => is);
  const lastAt = Math.max(...those.map(({ name }) => stories.get(name)?.at(-1)?.afterMs ?? Number.NaN)) - 100;
  return { story, decisions, lastAt };
}

test("two of five instances lose Postgres: the two leave once, within the time limit", async () => {
  const those = members.slice(0, 2);
  const { story, decisions, lastAt } = await lose(those);
  for (const member of those) assert.equal(story(member).at(-1), "not_ready", story(member).join(", "));
  for (const member of those) assert.equal(story(member).filter((is) => is === "not_ready").length, 1);
  for (const member of members.slice(2)) assert.deepEqual(story(member), ["ready"]);
  assert.deepEqual(decisions, ["api-server-1 postgres outlier", "api-server-2 postgres outlier"]);
  assert.ok(lastAt <= outMs + 300, `${lastAt} ms`);
});

test("four of five instances lose Postgres: a shared outage, all stay, and the decision does not change", async () => {
  const those = members.slice(0, 4);
  const { story, decisions } = await lose(those);
  for (const member of those) assert.equal(story(member).at(-1), "degraded postgres", story(member).join(", "));
  for (const member of members) assert.ok(!story(member).includes("not_ready"), story(member).join(", "));
  assert.deepEqual(
    decisions,
    those.map(({ name }) => `${name} postgres shared_outage`),
  );
});

test("three of five instances lose Postgres: a tie, so the three act as with strict", async () => {
  const those = members.slice(0, 3);
  const { story, decisions } = await lose(those);
  for (const member of those) assert.equal(story(member).at(-1), "not_ready", story(member).join(", "));
  for (const member of those) assert.equal(story(member).filter((is) => is === "not_ready").length, 1);
  assert.deepEqual(
    decisions,
    those.map(({ name }) => `${name} postgres unsure`),
  );
});

test("the heartbeat of an instance killed in a shared outage expires within three intervals, and no decision changes", async () => {
  const victim = members[4];
  const left = members.slice(0, 4);
  assert.ok(victim !== undefined);
  const from = outputLengths(left);
  await breakWays(members, ["database"], "refuse");
  const shared = (member: PathMember) => verdictOf(member).then(({ body }) => body.sharedOutage !== undefined);
  await eventually(async () => (await Promise.all(members.map(shared))).every(Boolean), Boolean, outMs + 1000, 50);
  const watch = watchVerdicts(left);
  victim.process.child.kill("SIGKILL");
  const killedAt = performance.now();
  const known = async ({ url }: PathMember) => {
    const { instances } = (await ask(`${url}/api/v1/instances`)).json() as { instances: readonly unknown[] };
    return instances.length;
  };
  const counts = () => Promise.all(left.map(known));
  await eventually(counts, (all) => all.every((count) => count === 4), 10_000, 25);
  const goneMs = performance.now() - killedAt;
  await sleep(3 * intervalMs);
  for (const [name, story] of await watch.stop())
    assert.deepEqual([name, story.map(({ is }) => is)], [name, ["degraded postgres"]]);
  assert.deepEqual(
    decisionsSince(left, from),
    left.map(({ name }) => `${name} postgres shared_outage`),
  );
  assert.ok(goneMs < 3 * intervalMs, `${goneMs} ms`);
});
