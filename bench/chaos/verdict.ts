import type { Bounds } from "./faults/fault.ts";
import { isExact } from "./load/ledger.ts";
import { type Facts, totalAttempts, totalRequests } from "./measure.ts";
import type { Results, TopologyResult, Verdict } from "./results.ts";

/** Compares the bounds with the measurements. */
export function judge(bounds: Bounds, facts: Facts): Verdict[] {
  const { lost, duplicated } = facts.balance;
  const verdicts: Verdict[] = [
    {
      what: isExact(facts.balance)
        ? "every acknowledged write is stored once"
        : `${lost.length} lost, ${duplicated.length} duplicated`,
      met: isExact(facts.balance),
      strict: true,
    },
  ];
  const add = (what: string, met: boolean, strict = false) => verdicts.push({ what, met, strict });
  for (const { what, met } of facts.findings ?? []) add(what, met, true);
  if (bounds.noRequestFails) {
    const failed = totalRequests(facts.failedRequests);
    add(`${failed} requests failed (limit: 0)`, failed === 0, true);
  }
  if (bounds.noAttemptFails) {
    const failed = totalAttempts(facts.failedAttempts);
    add(`${failed} attempts failed (limit: 0)`, failed === 0);
  }
  if (bounds.onlyInFlightFails) {
    const { failedLater } = facts;
    add(
      `${failedLater} of the ${totalAttempts(facts.failedAttempts)} failed attempts started after the instance was killed (limit: 0)`,
      failedLater === 0,
    );
  }
  if (bounds.recoveredWithinMs !== undefined) {
    add(
      `the last failed attempt started ${seconds(facts.recoveredAfterMs)} after the end of the fault (limit: ${seconds(bounds.recoveredWithinMs)})`,
      facts.recoveredAfterMs <= bounds.recoveredWithinMs,
    );
  }
  if (bounds.readyWithinMs !== undefined && facts.readyMs !== undefined) {
    add(
      `every probe reported ready ${seconds(facts.readyMs)} after the end of the fault (limit: ${seconds(bounds.readyWithinMs)})`,
      facts.readyMs <= bounds.readyWithinMs,
    );
  }
  if (bounds.falseReadyWithinMs !== undefined) add(...judgeFalseReadyTime(facts, bounds.falseReadyWithinMs));
  if (bounds.answerWithinMs !== undefined) {
    add(
      `the longest attempt took ${seconds(facts.longestAttemptMs)} (limit: ${seconds(bounds.answerWithinMs)})`,
      facts.longestAttemptMs <= bounds.answerWithinMs,
    );
  }
  if (facts.healthyAfterMs === undefined) add("an instance was not healthy again in time", false);
  if (bounds.readsFailForMs !== undefined) {
    const { readsFailedForMs } = facts;
    add(
      `authenticated reads failed for ${seconds(readsFailedForMs)} (limit: ${seconds(bounds.readsFailForMs)})`,
      readsFailedForMs <= bounds.readsFailForMs,
    );
  }
  return verdicts;
}

function judgeFalseReadyTime({ falseReadyTime }: Facts, maxMs: number): [string, boolean] {
  if (falseReadyTime === undefined) return ["no false-ready time, because no attempt failed", true];
  const measured = `${falseReadyTime.reported ? "" : "more than "}${seconds(falseReadyTime.ms)}`;
  // Failures that no probe reported are allowed if they lasted for less than the limit.
  return [`the false-ready time was ${measured} (limit: ${seconds(maxMs)})`, falseReadyTime.ms <= maxMs];
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;

/** Judges whether the instances hold no more resources after the faults than before. */
export function judgeResources({ before, after }: NonNullable<TopologyResult["idleResources"]>): Verdict[] {
  const judgeResource = (name: string, countBefore: number, countAfter: number, max = countBefore) => ({
    what: `${name}: ${countAfter} after the faults, ${countBefore} before`,
    met: countAfter <= max,
    strict: false,
  });
  return [
    judgeResource("connections to Postgres", before.postgres, after.postgres),
    judgeResource("connections to Redis", before.redis, after.redis),
    judgeResource("open handles", before.handles, after.handles),
    judgeResource("MB of heap", before.heapMb, after.heapMb, before.heapMb * 1.1),
  ];
}

/** Returns whether every strict bound was met. The comparison server has no bounds. */
export const isPassed = ({ outcomes, topologies }: Results, boundsOf: (fault: string) => Bounds): boolean =>
  topologies.every(({ server, balance }) => server === "peer" || isExact(balance)) &&
  outcomes.every(
    ({ server, fault, facts }) =>
      server === "peer" || judge(boundsOf(fault), facts).every(({ met, strict }) => met || !strict),
  );
