import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyDeadline,
  applyVote,
  countPeers,
  type Decision,
  type DecisionState,
  peerStateOf,
  tally,
  type Vote,
} from "../../src/fleet/outlier-vote.ts";

const failingForMs = 3000;
const well = { phase: "ready", status: "up", failing: false, succeededMsAgo: 500 } as const;
const failing = { phase: "ready", status: "down", failing: true, succeededMsAgo: 9000 } as const;

const peers = [
  ["passed the check after the first failure here", well, "well"],
  ["passed it last before the first failure here", { ...well, succeededMsAgo: 3000 }, "neither"],
  ["has failed once and still counts as up", { ...well, failing: true }, "failing"],
  ["is down", failing, "failing"],
  ["is down and has just passed once", { ...failing, failing: false, succeededMsAgo: 10 }, "failing"],
  ["has no result yet", { ...well, status: "unknown" }, "neither"],
  ["never passed it", { ...well, succeededMsAgo: null }, "neither"],
  ["is starting and fails", { ...failing, phase: "starting" }, "neither"],
  ["is starting and is well", { ...well, phase: "starting" }, "neither"],
  ["is draining and is well", { ...well, phase: "draining" }, "well"],
  ["is draining and fails", { ...failing, phase: "draining" }, "failing"],
] as const;

for (const [what, report, state] of peers) {
  test(`an instance that ${what} is ${state}`, () => assert.equal(peerStateOf(report, failingForMs), state));
}

const reports = { w: well, f: failing, n: { ...well, phase: "starting" } } as const;

/** One letter for each other instance: w is well, f is failing, n is neither. */
const tallies: readonly (readonly [string, Vote])[] = [
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

for (const [others, vote] of tallies) {
  test(`the reports ${others || "(none)"} give the vote ${vote}`, () => {
    const seen = [...others].map((letter) => (letter === "w" || letter === "f" ? reports[letter] : reports.n));
    assert.equal(tally(countPeers(seen, failingForMs)), vote);
  });
}

const intervalMs = 1000;
const undecided: DecisionState = { kind: "undecided", deadline: 5000 };

/** Applies votes that are an interval apart. */
const after = (votes: readonly Vote[], from: DecisionState = undecided, apartMs = intervalMs): DecisionState =>
  votes.reduce((state, vote, index) => applyVote(state, { vote, at: index * apartMs }, intervalMs), from);

const sequences: readonly (readonly [readonly Vote[], Decision | "undecided"])[] = [
  [[], "undecided"],
  [["outlier"], "outlier"],
  [["shared_outage"], "shared_outage"],
  [["too_few"], "unsure"],
  [["tie", "tie", "silence"], "undecided"],
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

for (const [votes, decided] of sequences) {
  test(`after the votes ${votes.join(", ") || "(none)"} the decision is ${decided}`, () => {
    const state = after(votes);
    assert.equal(state.kind === "undecided" ? "undecided" : state.decision, decided);
  });
}

test("votes in quick succession count as one: a decision changes only after an interval", () => {
  const state = after(["shared_outage", "outlier", "outlier", "outlier"], undecided, 100);
  assert.partialDeepStrictEqual(state, { kind: "decided", decision: "shared_outage" });
});

test("votes that alternate never change a decision", () => {
  const votes = Array.from({ length: 40 }, (_, index): Vote => (index % 2 === 0 ? "outlier" : "shared_outage"));
  assert.partialDeepStrictEqual(after(votes, { kind: "decided", decision: "shared_outage" }), {
    decision: "shared_outage",
  });
});

test("without a vote by the deadline the instance acts like strict, and not earlier", () => {
  assert.deepEqual(applyDeadline(undecided, 4999), undecided);
  assert.deepEqual(applyDeadline(undecided, 5000), { kind: "decided", decision: "unsure" });
  const decided: DecisionState = { kind: "decided", decision: "shared_outage" };
  assert.deepEqual(applyDeadline(decided, 1e9), decided);
});
