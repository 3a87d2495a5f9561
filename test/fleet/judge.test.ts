import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyVote,
  count,
  type Decision,
  type DecisionState,
  peerStateOf,
  tally,
  timeIsUp,
  type Vote,
} from "../../src/fleet/outlier-vote.ts";

const failingForMs = 3000;
const well = { phase: "ready", status: "up", failing: false, wellMsAgo: 500 } as const;
const failing = { phase: "ready", status: "down", failing: true, wellMsAgo: 9000 } as const;

const stands = [
  ["passed the check after mine began to fail", well, "well"],
  ["passed it last before mine began to fail, which proves nothing", { ...well, wellMsAgo: 3000 }, "neither"],
  ["has failed once, unconfirmed", { ...well, failing: true }, "failing"],
  ["is down", failing, "failing"],
  ["is down and has just answered once", { ...failing, failing: false, wellMsAgo: 10 }, "failing"],
  ["has not been heard of by its own instance", { ...well, status: "unknown" }, "neither"],
  ["never passed it", { ...well, wellMsAgo: null }, "neither"],
  ["is starting and fails", { ...failing, phase: "starting" }, "neither"],
  ["is starting and is well", { ...well, phase: "starting" }, "neither"],
  ["drains and is well", { ...well, phase: "draining" }, "well"],
  ["drains and fails", { ...failing, phase: "draining" }, "failing"],
] as const;

for (const [what, witness, stand] of stands) {
  test(`an instance that ${what} is ${stand}`, () => assert.equal(peerStateOf(witness, failingForMs), stand));
}

const witnesses = { w: well, f: failing, n: { ...well, phase: "starting" } } as const;

/** Others by a letter each: w is well, f is failing, n is neither. */
const leanings: readonly (readonly [string, Vote])[] = [
  ["", "too_few"],
  ["w", "too_few"],
  ["f", "too_few"],
  ["ww", "outlier"],
  ["ff", "shared_outage"],
  ["wf", "tie"],
  ["wn", "tie"],
  ["fn", "tie"],
  ["nn", "tie"],
  ["wwn", "outlier"],
  ["ffn", "shared_outage"],
  ["wwf", "outlier"],
  ["wff", "shared_outage"],
  ["wwff", "tie"],
  ["wwnn", "tie"],
  ["wwwf", "outlier"],
  ["fffw", "shared_outage"],
];

for (const [others, leaning] of leanings) {
  test(`with the others ${others || "unknown"} it leans to ${leaning}`, () => {
    const seen = [...others].map((letter) => (letter === "w" || letter === "f" ? witnesses[letter] : witnesses.n));
    assert.equal(tally(count(seen, failingForMs)), leaning);
  });
}

const intervalMs = 1000;
const asking: DecisionState = { kind: "asking", until: 5000 };

/** Looks an interval apart. */
const after = (looks: readonly Vote[], from: DecisionState = asking, apartMs = intervalMs): DecisionState =>
  looks.reduce((inquiry, leaning, index) => applyVote(inquiry, { leaning, at: index * apartMs }, intervalMs), from);

const stories: readonly (readonly [readonly Vote[], Decision | "asking"])[] = [
  [[], "asking"],
  [["outlier"], "outlier"],
  [["shared_outage"], "shared_outage"],
  [["too_few"], "unsure"],
  [["tie", "tie", "silence"], "asking"],
  [["silence", "shared_outage"], "shared_outage"],
  [["shared_outage", "outlier"], "shared_outage"],
  [["shared_outage", "outlier", "outlier"], "outlier"],
  [["shared_outage", "outlier", "shared_outage", "outlier"], "shared_outage"],
  [["shared_outage", "outlier", "tie", "outlier"], "shared_outage"],
  [["shared_outage", "outlier", "silence", "outlier"], "shared_outage"],
  [["shared_outage", "tie", "tie", "tie"], "shared_outage"],
  [["outlier", "tie", "tie"], "outlier"],
  [["shared_outage", "silence"], "shared_outage"],
  [["shared_outage", "silence", "silence"], "unsure"],
  [["shared_outage", "silence", "too_few"], "unsure"],
  [["outlier", "shared_outage", "shared_outage"], "shared_outage"],
];

for (const [looks, decided] of stories) {
  test(`after ${looks.join(", ") || "no look"} it is ${decided}`, () => {
    const inquiry = after(looks);
    assert.equal(inquiry.kind === "asking" ? "asking" : inquiry.decision, decided);
  });
}

test("two looks in quick succession are one: a change of mind takes an interval", () => {
  const inquiry = after(["shared_outage", "outlier", "outlier", "outlier"], asking, 100);
  assert.partialDeepStrictEqual(inquiry, { kind: "decided", decision: "shared_outage" });
});

test("half of the fleet that comes and goes at every look changes a decision never", () => {
  const looks = Array.from({ length: 40 }, (_, index): Vote => (index % 2 === 0 ? "outlier" : "shared_outage"));
  assert.partialDeepStrictEqual(after(looks, { kind: "decided", decision: "shared_outage" }), {
    decision: "shared_outage",
  });
});

test("who is told nothing in time acts as strict, and not a moment sooner", () => {
  assert.deepEqual(timeIsUp(asking, 4999), asking);
  assert.deepEqual(timeIsUp(asking, 5000), { kind: "decided", decision: "unsure" });
  const decided: DecisionState = { kind: "decided", decision: "shared_outage" };
  assert.deepEqual(timeIsUp(decided, 1e9), decided);
});
