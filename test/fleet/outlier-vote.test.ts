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
} from "../../src/kit/fleet/outlier-vote.ts";

const failingForMs = 3000;
const healthy = { phase: "ready", status: "up", failing: false, succeededMsAgo: 500 } as const;
const failing = { phase: "ready", status: "down", failing: true, succeededMsAgo: 9000 } as const;

const peers = [
  ["passed the check after the first failure here", healthy, "healthy"],
  ["passed the check last before the first failure here", { ...healthy, succeededMsAgo: 3000 }, "unknown"],
  ["has failed once and still counts as up", { ...healthy, failing: true }, "failing"],
  ["is down", failing, "failing"],
  ["is down and has just passed once", { ...failing, failing: false, succeededMsAgo: 10 }, "failing"],
  ["has no result yet", { ...healthy, status: "unknown" }, "unknown"],
  ["never passed the check", { ...healthy, succeededMsAgo: null }, "unknown"],
  ["is starting and fails", { ...failing, phase: "starting" }, "unknown"],
  ["is starting and is healthy", { ...healthy, phase: "starting" }, "unknown"],
  ["is draining and is healthy", { ...healthy, phase: "draining" }, "healthy"],
  ["is draining and fails", { ...failing, phase: "draining" }, "failing"],
] as const;

for (const [behaviour, report, state] of peers) {
  test(`an instance that ${behaviour} is ${state}`, () => assert.equal(peerStateOf(report, failingForMs), state));
}

const reports = { h: healthy, f: failing, u: { ...healthy, phase: "starting" } } as const;

/** One letter for each other instance: h is healthy, f is failing, u is unknown. */
const tallies: readonly (readonly [string, Vote])[] = [
  ["", "too_few"],
  ["h", "too_few"],
  ["f", "too_few"],
  ["hh", "outlier"],
  ["ff", "shared_outage"],
  ["hf", "tie"],
  ["hu", "tie"],
  ["fu", "tie"],
  ["uu", "tie"],
  ["hhu", "outlier"],
  ["ffu", "shared_outage"],
  ["hhf", "outlier"],
  ["hff", "shared_outage"],
  ["hhff", "tie"],
  ["hhuu", "tie"],
  ["hhhf", "outlier"],
  ["fffh", "shared_outage"],
];

for (const [others, vote] of tallies) {
  test(`the reports ${others || "(none)"} give the vote ${vote}`, () => {
    const peerReports = [...others].map((letter) => (letter === "h" || letter === "f" ? reports[letter] : reports.u));
    assert.equal(tally(countPeers(peerReports, failingForMs)), vote);
  });
}

const intervalMs = 1000;
const undecided: DecisionState = { kind: "undecided", deadline: 5000 };

/** Applies votes that are an interval apart. */
const stateAfter = (votes: readonly Vote[], from: DecisionState = undecided, apartMs = intervalMs): DecisionState =>
  votes.reduce((state, vote, index) => applyVote(state, { vote, at: index * apartMs }, intervalMs), from);

const sequences: readonly (readonly [readonly Vote[], Decision | "undecided"])[] = [
  [[], "undecided"],
  [["outlier"], "outlier"],
  [["shared_outage"], "shared_outage"],
  [["too_few"], "unsure"],
  [["tie", "tie", "no_answer"], "undecided"],
  [["no_answer", "shared_outage"], "shared_outage"],
  [["shared_outage", "outlier"], "shared_outage"],
  [["shared_outage", "outlier", "outlier"], "outlier"],
  [["shared_outage", "outlier", "shared_outage", "outlier"], "shared_outage"],
  [["shared_outage", "outlier", "tie", "outlier"], "shared_outage"],
  [["shared_outage", "outlier", "no_answer", "outlier"], "shared_outage"],
  [["shared_outage", "tie", "tie", "tie"], "shared_outage"],
  [["outlier", "tie", "tie"], "outlier"],
  [["shared_outage", "no_answer"], "shared_outage"],
  [["shared_outage", "no_answer", "no_answer"], "unsure"],
  [["shared_outage", "no_answer", "too_few"], "unsure"],
  [["outlier", "shared_outage", "shared_outage"], "shared_outage"],
];

for (const [votes, decided] of sequences) {
  test(`after the votes ${votes.join(", ") || "(none)"} the decision is ${decided}`, () => {
    const state = stateAfter(votes);
    assert.equal(state.kind === "undecided" ? "undecided" : state.decision, decided);
  });
}

test("votes in quick succession count as one: a decision changes only after an interval", () => {
  const state = stateAfter(["shared_outage", "outlier", "outlier", "outlier"], undecided, 100);
  assert.partialDeepStrictEqual(state, { kind: "decided", decision: "shared_outage" });
});

test("votes that alternate never change a decision", () => {
  const votes = Array.from({ length: 40 }, (_, index): Vote => (index % 2 === 0 ? "outlier" : "shared_outage"));
  assert.partialDeepStrictEqual(stateAfter(votes, { kind: "decided", decision: "shared_outage" }), {
    decision: "shared_outage",
  });
});

test("at the deadline, and not earlier, an instance without a vote decides as with READY_POLICY=strict", () => {
  assert.deepEqual(applyDeadline(undecided, 4999), undecided);
  assert.deepEqual(applyDeadline(undecided, 5000), { kind: "decided", decision: "unsure" });
  const decided: DecisionState = { kind: "decided", decision: "shared_outage" };
  assert.deepEqual(applyDeadline(decided, 1e9), decided);
});
