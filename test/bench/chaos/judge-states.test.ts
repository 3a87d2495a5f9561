import assert from "node:assert/strict";
import { test } from "node:test";
import { findUntrueStates, type Restart, type StateChange } from "../../../bench/chaos/calm/judge-states.ts";

const postgres: Restart = { what: "restart", subjects: ["ready", "postgres"], startedAt: 1000, endedAt: 2000 };
const limits = { recoveryMs: 500, to: 9000 };

const change = (subject: string, at: number, state: string): StateChange => ({ instance: "one", subject, at, state });

const untrue = (...changes: StateChange[]) =>
  findUntrueStates(changes, [postgres], limits).map(({ subject, state, forMs }) => `${subject} ${state} ${forMs}`);

test("states of a restart are true until the time to recover has passed", () => {
  assert.deepEqual(
    untrue(change("postgres", 0, "up"), change("postgres", 1200, "down"), change("postgres", 2400, "up")),
    [],
  );
  assert.deepEqual(untrue(change("postgres", 1200, "down"), change("postgres", 2600, "up")), ["postgres down 1400"]);
});

test("an impaired store, a store that is down without a restart, and one that is down in a restart of another store are untrue states", () => {
  assert.deepEqual(untrue(change("postgres", 1200, "impaired"), change("postgres", 1300, "up")), [
    "postgres impaired 100",
  ]);
  assert.deepEqual(untrue(change("postgres", 4000, "down"), change("postgres", 4100, "up")), ["postgres down 100"]);
  assert.deepEqual(untrue(change("redis", 1200, "down"), change("redis", 1300, "up")), ["redis down 100"]);
});

test("a state that lasts until the end counts until then, and a probe without an answer reports no state", () => {
  assert.deepEqual(untrue(change("ready", 8000, "degraded")), ["ready degraded 1000"]);
  assert.deepEqual(untrue(change("ready", 8000, "silent")), []);
});
