import type { CapabilityStatus } from "../health/judge.ts";
import type { Phase } from "../lifecycle/phase.ts";

// Decides from the reports of other instances whether only this instance is affected by a failing check.
// Pure: no clock and no I/O.

/** The report of another instance about a check. `succeededMsAgo` includes the age of the report. */
export type PeerReport = { phase: Phase; status: CapabilityStatus; failing: boolean; succeededMsAgo: number | null };

export type PeerState = "failing" | "healthy" | "unknown";

/** Classifies a peer. A success of the peer counts only if it is later than the first failure on this instance. */
export function peerStateOf({ phase, status, failing, succeededMsAgo }: PeerReport, failingForMs: number): PeerState {
  if (phase === "starting" || phase === "stopped") return "unknown";
  if (failing || status === "down") return "failing";
  return status === "up" && succeededMsAgo !== null && succeededMsAgo < failingForMs ? "healthy" : "unknown";
}

export type PeerCounts = { known: number; failing: number; healthy: number };

export function countPeers(reports: readonly PeerReport[], failingForMs: number): PeerCounts {
  const states = reports.map((report) => peerStateOf(report, failingForMs));
  const countOf = (counted: PeerState) => states.filter((state) => state === counted).length;
  return { known: reports.length, failing: countOf("failing"), healthy: countOf("healthy") };
}

/** The result of one reading of the fleet; `no_answer` if no store answered. */
export type Vote = "shared_outage" | "outlier" | "too_few" | "tie" | "no_answer";

const minPeers = 2;

/** Returns the vote of a majority: more than half of all known peers, including those whose state is unknown. */
export function tally({ known, failing, healthy }: PeerCounts): Vote {
  if (known < minPeers) return "too_few";
  if (failing * 2 > known) return "shared_outage";
  return healthy * 2 > known ? "outlier" : "tie";
}

/** Only `shared_outage` keeps the instance in rotation. `unsure` has the same effect as READY_POLICY=strict. */
export type Decision = "shared_outage" | "outlier" | "unsure";

export type DecisionState =
  /** The instance stays in rotation until the deadline. Without a decision by then, it leaves. */
  | { kind: "undecided"; deadline: number }
  /** `pending` is a new decision after one vote. It takes effect when a second vote confirms it. */
  | { kind: "decided"; decision: Decision; pending?: { decision: Decision; since: number } };

export type VoteAt = { vote: Vote; at: number };

/**
 * Applies a vote. The first decisive vote takes effect at once. To change a decision, two votes about an interval apart
 * are needed. A tie confirms the current decision. Before the first decision, `tie` and `no_answer` change nothing.
 */
export function applyVote(state: DecisionState, { vote, at }: VoteAt, intervalMs: number): DecisionState {
  if (state.kind === "undecided") {
    if (vote === "tie" || vote === "no_answer") return state;
    return { kind: "decided", decision: toDecision(vote) };
  }
  const { decision, pending } = state;
  if (vote === "tie" || toDecision(vote) === decision) return { kind: "decided", decision };
  const voted = toDecision(vote);
  if (pending?.decision !== voted) return { ...state, pending: { decision: voted, since: at } };
  return at - pending.since < intervalMs * minIntervalShare ? state : { kind: "decided", decision: voted };
}

/** The minimum time between the two votes, as a share of the interval. Below 1, because checks run a little early. */
const minIntervalShare = 0.85;

const toDecision = (vote: Exclude<Vote, "tie">): Decision =>
  vote === "shared_outage" || vote === "outlier" ? vote : "unsure";

/** Decides `unsure` if the deadline has passed without a decision. */
export const applyDeadline = (state: DecisionState, now: number): DecisionState =>
  state.kind === "undecided" && now >= state.deadline ? { kind: "decided", decision: "unsure" } : state;

export const keepsInRotation = (state: DecisionState): boolean =>
  state.kind === "undecided" || state.decision === "shared_outage";
