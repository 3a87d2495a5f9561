import { type Finding, statementLimitMs } from "./faults/fault.ts";
import type { Balance } from "./load/ledger.ts";
import { type Attempt, isFailure, type Kind, kinds, type Request } from "./load/records.ts";
import type { Observation } from "./testbed/watch.ts";

/** The times of the events, from performance.now(). */
export type Moments = {
  from: number;
  injected: number;
  /** When the injection was complete. */
  inEffect: number;
  /** When the fault was undone, or ended by itself. */
  ended: number;
  /** When every instance was healthy again; undefined if an instance was not healthy in time. */
  healthy: number | undefined;
  to: number;
};

export type Observed = {
  moments: Moments;
  attempts: readonly Attempt[];
  requests: readonly Request[];
  /** Includes observations from before the fault, so that the state at its start is known. */
  observations: readonly Observation[];
  signIns: number;
  balance: Balance;
  findings?: readonly Finding[];
  /** The longest stall of the measuring process: a long one means that the machine affected the figures. */
  stalledMs: number;
};

export type Facts = {
  requests: number;
  failedAttempts: Readonly<Record<Kind, Record<string, number>>>;
  failedRequests: Readonly<Record<Kind, number>>;
  signIns: number;
  /** The longest request, with all its attempts and pauses. */
  worstWaitMs: number;
  longestAttemptMs: number;
  /** Undefined if no attempt failed. */
  falseReadyTime: FalseReadyTime | undefined;
  /** The time from the injection until a probe (`probe`) or the proxy (`proxy`) reported a new state of an instance. */
  detectedAfter: Readonly<Record<Observation["by"], number | undefined>>;
  /** The time from the end of the fault until the start of the last attempt that failed. */
  recoveredAfterMs: number;
  /** The time from the end of the fault until every instance was healthy again; undefined as for `Moments.healthy`. */
  healthyAfterMs: number | undefined;
  /** The time from the end of the fault until every probe reported ready. */
  readyMs: number | undefined;
  /** The number of failed attempts that started after the fault was in effect. */
  failedLater: number;
  /**
   * How long authenticated reads failed, as the longer of two times: from the start of the fault to the start of the last
   * read that failed during the fault, and from the end of the fault to the start of the last read that failed later.
   */
  readsFailedForMs: number;
  balance: Balance;
  findings?: readonly Finding[];
  stalledMs: number;
};

/**
 * The false-ready time: how long every probe reported ready although requests failed. `reported` is false if no probe ever
 * reported the failures.
 */
export type FalseReadyTime = { ms: number; reported: boolean };

/** Evaluates the records of one fault. */
export function factsOf(observed: Observed): Facts {
  const { moments, attempts, requests, observations, signIns, balance, findings, stalledMs } = observed;
  const { injected, inEffect, ended } = moments;
  const failed = attempts.filter(isFailure);
  /** The times from `since` to the start of each failed attempt that started later. */
  const startTimesAfter = (since: number) => failed.map(({ startedAt }) => startedAt - since).filter((ms) => ms >= 0);
  const failedReadTimes = failed
    .filter(({ kind, startedAt, ms }) => kind === "read" && startedAt + ms >= injected)
    .map(({ startedAt }) => startedAt - (startedAt >= ended && ended > injected ? ended : injected));
  return {
    requests: requests.length,
    failedAttempts: byKind((kind) => countByResult(failed.filter((attempt) => attempt.kind === kind))),
    failedRequests: byKind(
      (kind) => requests.filter((request) => request.kind === kind && request.result !== "ok").length,
    ),
    signIns,
    worstWaitMs: largest(requests.map(({ ms }) => ms)),
    longestAttemptMs: largest(attempts.map(({ ms }) => ms)),
    falseReadyTime: falseReadyTimeOf(attempts, observations, moments),
    detectedAfter: {
      probe: firstChangeSeenBy("probe", observations, injected),
      proxy: firstChangeSeenBy("proxy", observations, injected),
    },
    recoveredAfterMs: largest(startTimesAfter(ended)),
    healthyAfterMs: moments.healthy === undefined ? undefined : Math.max(0, moments.healthy - ended),
    readyMs: readyAfterMs(observations, moments),
    failedLater: startTimesAfter(inEffect).length,
    readsFailedForMs: largest(failedReadTimes),
    balance,
    ...(findings && { findings }),
    stalledMs,
  };
}

export const totalRequests = (counts: Readonly<Record<Kind, number>>): number =>
  kinds.reduce((sum, kind) => sum + counts[kind], 0);

export const totalAttempts = (counts: Facts["failedAttempts"]): number =>
  totalRequests(byKind((kind) => Object.values(counts[kind]).reduce((sum, count) => sum + count, 0)));

/**
 * Returns the time at which an attempt failed: the time of its response, or the time at which it had waited for the time
 * limit of a statement. A rejection because of overload is not a failure of a store, and does not count.
 */
function failedAt(attempt: Attempt): number | undefined {
  if (attempt.result === "503 overloaded") return undefined;
  if (attempt.ms > statementLimitMs) return attempt.startedAt + statementLimitMs;
  return isFailure(attempt) ? attempt.startedAt + attempt.ms : undefined;
}

function falseReadyTimeOf(
  attempts: readonly Attempt[],
  observations: readonly Observation[],
  { injected }: Moments,
): FalseReadyTime | undefined {
  const failures = attempts.flatMap((attempt) => failedAt(attempt) ?? []).filter((at) => at >= injected);
  if (failures.length === 0) return undefined;
  const first = failures.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const probes = observations.filter(({ by }) => by === "probe");
  const stateThen = new Map(probes.filter(({ at }) => at <= first).map(({ instance, state }) => [instance, state]));
  if ([...stateThen.values()].some((state) => state !== "ready")) return { ms: 0, reported: true };
  const report = probes.find(({ at, state }) => at > first && state !== "ready");
  return report ? { ms: report.at - first, reported: true } : { ms: largest(failures) - first, reported: false };
}

function readyAfterMs(observations: readonly Observation[], { ended, to }: Moments): number | undefined {
  const last = new Map(
    observations
      .filter(({ by, at }) => by === "probe" && at <= to)
      .map((observation) => [observation.instance, observation]),
  );
  const states = [...last.values()];
  if (states.some(({ state }) => state !== "ready")) return undefined;
  return largest(states.map(({ at }) => at - ended));
}

/** Returns the time from `since` until the observer (`by`) first reported a new state of an instance. */
function firstChangeSeenBy(
  by: Observation["by"],
  observations: readonly Observation[],
  since: number,
): number | undefined {
  const before = new Map<string, string>();
  for (const { instance, at, state } of observations.filter((one) => one.by === by)) {
    if (at < since) before.set(instance, state);
    else if (state !== before.get(instance)) return at - since;
  }
  return undefined;
}

function countByResult(attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { result } of attempts) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

const byKind = <T>(computeFor: (kind: Kind) => T): Record<Kind, T> => ({
  public: computeFor("public"),
  read: computeFor("read"),
  write: computeFor("write"),
  login: computeFor("login"),
});

// Math.max(...values) would fail: the values of a long run do not fit on the stack as arguments.
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
