import { statementLimitMs } from "./faults/fault.ts";
import type { Balance } from "./load/ledger.ts";
import { type Attempt, isFailure, type Kind, kinds, type Request } from "./load/records.ts";
import type { Observation } from "./world/watch.ts";

/** The times of the events, from performance.now(). */
export type Moments = {
  from: number;
  injected: number;
  /** The fault is in effect. */
  standing: number;
  /** The fault is over. */
  lifted: number;
  /** Every instance is healthy again; undefined if that took too long. */
  well: number | undefined;
  to: number;
};

export type Observed = {
  moments: Moments;
  attempts: readonly Attempt[];
  requests: readonly Request[];
  /** Observations since before the fault, so that the state at its start is known. */
  sights: readonly Observation[];
  signIns: number;
  balance: Balance;
  /** The longest stall of this process itself; figures from such a time depend on the machine. */
  stalledMs: number;
};

export type Facts = {
  requests: number;
  failedAttempts: Readonly<Record<Kind, Record<string, number>>>;
  failedRequests: Readonly<Record<Kind, number>>;
  signIns: number;
  /** The maximum for a request with all its attempts, and for one attempt. */
  worstWaitMs: number;
  longestAttemptMs: number;
  /** From the first failed attempt; undefined if none failed. */
  lie: Lie | undefined;
  /** From the injection until the first probe, and the proxy, observed a new state. */
  noticed: Readonly<Record<Observation["by"], number | undefined>>;
  /** From the end of the fault until the last failing attempt started, and until every instance was healthy again. */
  backMs: number;
  wholeMs: number | undefined;
  /** From the end of the fault until every probe reported ready. */
  readyMs: number | undefined;
  /** The number of failed attempts that started after the fault was in effect. */
  failedLater: number;
  /** From the start or end of the fault until the last failing authenticated read started. */
  readsFailedForMs: number;
  balance: Balance;
  stalledMs: number;
};

/** How long every probe reported ready although requests failed; `seen` is false if that lasted until the end. */
export type Lie = { ms: number; seen: boolean };

/** Evaluates the records of one fault. */
export function factsOf({ moments, attempts, requests, sights, signIns, balance, stalledMs }: Observed): Facts {
  const { injected, standing, lifted } = moments;
  const failed = attempts.filter(isFailure);
  const begun = (since: number) => failed.map(({ startedAt }) => startedAt - since).filter((ms) => ms >= 0);
  const sinceChange = failed
    .filter(({ kind, startedAt, ms }) => kind === "read" && startedAt + ms >= injected)
    .map(({ startedAt }) => startedAt - (startedAt >= lifted && lifted > injected ? lifted : injected));
  return {
    requests: requests.length,
    failedAttempts: byKind((kind) => countHow(failed.filter((one) => one.kind === kind))),
    failedRequests: byKind((kind) => requests.filter((one) => one.kind === kind && one.how !== "ok").length),
    signIns,
    worstWaitMs: largest(requests.map(({ ms }) => ms)),
    longestAttemptMs: largest(attempts.map(({ ms }) => ms)),
    lie: lieOf(attempts, sights, moments),
    noticed: { probe: noticedBy("probe", sights, injected), proxy: noticedBy("proxy", sights, injected) },
    backMs: largest(begun(lifted)),
    wholeMs: moments.well === undefined ? undefined : Math.max(0, moments.well - lifted),
    readyMs: readyAfter(sights, moments),
    failedLater: begun(standing).length,
    readsFailedForMs: largest(sinceChange),
    balance,
    stalledMs,
  };
}

export const total = (counts: Readonly<Record<Kind, number>>): number =>
  kinds.reduce((sum, kind) => sum + counts[kind], 0);

export const totalOf = (counts: Facts["failedAttempts"]): number =>
  total(byKind((kind) => Object.values(counts[kind]).reduce((sum, count) => sum + count, 0)));

/**
 * An attempt fails with its answer, or when it waits longer than a statement may take. Overload is not the failure of a
 * store.
 */
function failedAt(attempt: Attempt): number | undefined {
  if (attempt.how === "503 overloaded") return undefined;
  if (attempt.ms > statementLimitMs) return attempt.startedAt + statementLimitMs;
  return isFailure(attempt) ? attempt.startedAt + attempt.ms : undefined;
}

function lieOf(attempts: readonly Attempt[], sights: readonly Observation[], { injected }: Moments): Lie | undefined {
  const failures = attempts.flatMap((attempt) => failedAt(attempt) ?? []).filter((at) => at >= injected);
  if (failures.length === 0) return undefined;
  const first = failures.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const probes = sights.filter(({ by }) => by === "probe");
  const stateThen = new Map(probes.filter(({ at }) => at <= first).map(({ instance, state }) => [instance, state]));
  if ([...stateThen.values()].some((state) => state !== "ready")) return { ms: 0, seen: true };
  const report = probes.find(({ at, state }) => at > first && state !== "ready");
  return report ? { ms: report.at - first, seen: true } : { ms: largest(failures) - first, seen: false };
}

function readyAfter(sights: readonly Observation[], { lifted, to }: Moments): number | undefined {
  const last = new Map(
    sights.filter(({ by, at }) => by === "probe" && at <= to).map((sight) => [sight.instance, sight]),
  );
  const states = [...last.values()];
  if (states.some(({ state }) => state !== "ready")) return undefined;
  return largest(states.map(({ at }) => at - lifted));
}

/** The first time after a moment at which a probe or proxy observes another state of an instance. */
function noticedBy(by: Observation["by"], sights: readonly Observation[], since: number): number | undefined {
  const before = new Map<string, string>();
  for (const sight of sights.filter((one) => one.by === by)) {
    if (sight.at < since) before.set(sight.instance, sight.state);
    else if (sight.state !== before.get(sight.instance)) return sight.at - since;
  }
  return undefined;
}

function countHow(attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { how } of attempts) counts[how] = (counts[how] ?? 0) + 1;
  return counts;
}

const byKind = <T>(of: (kind: Kind) => T): Record<Kind, T> => ({
  public: of("public"),
  read: of("read"),
  write: of("write"),
  login: of("login"),
});

// Not Math.max(...values): a long run has more than fit on the stack.
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
