import type { CapabilityStatus } from "../kit/health/judge.ts";
import type { Phase } from "../kit/lifecycle/phase.ts";

// How an instance with a failing check decides, from the reports of the others, whether it is the only one affected.
// Pure: no clock and no I/O.

/** The report of one other instance about the check that fails here; `succeededMsAgo` is corrected to the present. */
export type PeerReport = { phase: Phase; status: CapabilityStatus; failing: boolean; succeededMsAgo: number | null };

export type PeerState = "failing" | "well" | "neither";

/** A success counts only if it is later than the first failure here: an earlier success proves nothing. */
export function peerStateOf({ phase, status, failing, succeededMsAgo }: PeerReport, failingForMs: number): PeerState {
  if (phase === "starting" || phase === "stopped") return "neither";
  if (failing || status === "down") return "failing";
  return status === "up" && succeededMsAgo !== null && succeededMsAgo < failingForMs ? "well" : "neither";
}

export type PeerCounts = { known: number; failing: number; well: number };

export function countPeers(reports: readonly PeerReport[], failingForMs: number): PeerCounts {
  const states = reports.map((report) => peerStateOf(report, failingForMs));
  const countOf = (wanted: PeerState) => states.filter((state) => state === wanted).length;
  return { known: reports.length, failing: countOf("failing"), well: countOf("well") };
}

/** The result of one reading of the fleet; `silence` when no store answered. */
export type Vote = "shared_outage" | "outlier" | "too_few" | "tie" | "silence";

const minPeers = 2;

/** A majority is more than half of all known peers, those that are neither well nor failing included. */
export function tally({ known, failing, well }: PeerCounts): Vote {
  if (known < minPeers) return "too_few";
  if (failing * 2 > known) return "shared_outage";
  return well * 2 > known ? "outlier" : "tie";
}

/** `unsure` has the effect of READY_POLICY=strict. Only a shared outage keeps the instance in rotation. */
export type Decision = "shared_outage" | "outlier" | "unsure";

export type DecisionState =
  /** Undecided: the instance stays in rotation until the deadline, and then leaves. */
  | { kind: "asking"; until: number }
  /** `doubt` is a different decision that one vote has called for, and a second vote has not confirmed yet. */
  | { kind: "decided"; decision: Decision; doubt?: { decision: Decision; since: number } };

export type VoteAt = { vote: Vote; at: number };

/**
 * The first decisive vote counts at once. To change a decision, two votes at least an interval apart are needed. A tie
 * confirms the current decision; before the first decision, ties and silence leave it open.
 */
export function applyVote(state: DecisionState, { vote, at }: VoteAt, intervalMs: number): DecisionState {
  if (state.kind === "asking") {
    if (vote === "tie" || vote === "silence") return state;
    return { kind: "decided", decision: toDecision(vote) };
  }
  const { decision, doubt } = state;
  if (vote === "tie" || toDecision(vote) === decision) return { kind: "decided", decision };
  const wanted = toDecision(vote);
  if (doubt?.decision !== wanted) return { ...state, doubt: { decision: wanted, since: at } };
  return at - doubt.since < intervalMs * minIntervalShare ? state : { kind: "decided", decision: wanted };
}

/** Checks shorten their intervals by up to a tenth, so that instances do not run in step. */
const minIntervalShare = 0.85;

const toDecision = (vote: Exclude<Vote, "tie">): Decision =>
  vote === "shared_outage" || vote === "outlier" ? vote : "unsure";

/** Without a decision by the deadline the instance acts as with READY_POLICY=strict. */
export const applyDeadline = (state: DecisionState, now: number): DecisionState =>
  state.kind === "asking" && now >= state.until ? { kind: "decided", decision: "unsure" } : state;

export const keepsInRotation = (state: DecisionState): boolean =>
  state.kind === "asking" || state.decision === "shared_outage";
