import type { CheckStatus, Phase } from "../kit/health/judge.ts";

// Judgement is pure: what others said goes in, what follows for one failing check of mine comes out.

/** What one other instance says of the check that fails here. The age counts up to the moment of the judgement. */
export type PeerReport = { phase: Phase; status: CheckStatus; failing: boolean; wellMsAgo: number | null };

export type PeerState = "failing" | "well" | "neither";

/** To be well it must have passed the check after mine had begun to fail: before that it proves nothing. */
export function peerStateOf({ phase, status, failing, wellMsAgo }: PeerReport, failingForMs: number): PeerState {
  if (phase === "starting" || phase === "stopped") return "neither";
  if (failing || status === "down") return "failing";
  return status === "up" && wellMsAgo !== null && wellMsAgo < failingForMs ? "well" : "neither";
}

/** What the witnesses are for, at this moment. */
export type Vote = "shared_outage" | "outlier" | "too_few" | "tie" | "silence";

export type Count = { known: number; failing: number; well: number };

export function count(witnesses: readonly PeerReport[], failingForMs: number): Count {
  const stands = witnesses.map((witness) => peerStateOf(witness, failingForMs));
  const those = (stand: PeerState) => stands.filter((one) => one === stand).length;
  return { known: witnesses.length, failing: those("failing"), well: those("well") };
}

const fewest = 2;

/** Most means more than half of the others; what is neither well nor failing is for neither side. */
export function tally({ known, failing, well }: Count): Vote {
  if (known < fewest) return "too_few";
  if (failing * 2 > known) return "shared_outage";
  return well * 2 > known ? "outlier" : "tie";
}

/** `unsure` acts as `strict` does. Only a shared outage keeps the instance in rotation. */
export type Decision = "shared_outage" | "outlier" | "unsure";

export type DecisionState =
  /** Not decided yet, so the instance stays; at the end of the time it leaves. */
  | { kind: "asking"; until: number }
  /** With another decision that has been heard once, and not yet twice. */
  | { kind: "decided"; decision: Decision; doubt?: { decision: Decision; since: number } };

export type VoteAt = { leaning: Vote; at: number };

/**
 * The first decision counts at once; one that differs from it has to be heard again an interval later. A tie keeps
 * what was decided. While nothing is decided, a tie and a silence wait.
 */
export function applyVote(inquiry: DecisionState, { leaning, at }: VoteAt, intervalMs: number): DecisionState {
  if (inquiry.kind === "asking") {
    if (leaning === "tie" || leaning === "silence") return inquiry;
    return { kind: "decided", decision: toDecision(leaning) };
  }
  const { decision, doubt } = inquiry;
  if (leaning === "tie" || toDecision(leaning) === decision) return { kind: "decided", decision };
  const wanted = toDecision(leaning);
  if (doubt?.decision !== wanted) return { ...inquiry, doubt: { decision: wanted, since: at } };
  return at - doubt.since < intervalMs * mostJitter ? inquiry : { kind: "decided", decision: wanted };
}

/** Intervals are shortened by up to a tenth, so that instances drift apart. */
const mostJitter = 0.85;

const toDecision = (leaning: Exclude<Vote, "tie">): Decision =>
  leaning === "shared_outage" || leaning === "outlier" ? leaning : "unsure";

/** Whoever could not be told anything in time acts as `strict`. */
export const timeIsUp = (inquiry: DecisionState, now: number): DecisionState =>
  inquiry.kind === "asking" && now >= inquiry.until ? { kind: "decided", decision: "unsure" } : inquiry;

export const keepsInRotation = (inquiry: DecisionState): boolean =>
  inquiry.kind === "asking" || inquiry.decision === "shared_outage";
