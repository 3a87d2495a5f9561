import type { Bounds } from "./faults/fault.ts";
import { isExact } from "./load/ledger.ts";
import { type Facts, total, totalOf } from "./measure.ts";
import type { Results, Verdict, WorldEnd } from "./results.ts";

/** Compares the bounds with the measurements. */
export function judge(bounds: Bounds, facts: Facts): Verdict[] {
  const { lost, doubled } = facts.balance;
  const verdicts: Verdict[] = [
    {
      what: isExact(facts.balance)
        ? "every acknowledged write is there once"
        : `${lost.length} lost, ${doubled.length} doubled`,
      met: isExact(facts.balance),
      strict: true,
    },
  ];
  const say = (what: string, met: boolean, strict = false) => verdicts.push({ what, met, strict });
  if (bounds.noRequestFails) {
    const failed = total(facts.failedRequests);
    say(`${failed} requests failed, 0 allowed`, failed === 0, true);
  }
  if (bounds.noAttemptFails) {
    const failed = totalOf(facts.failedAttempts);
    say(`${failed} attempts failed, 0 allowed`, failed === 0);
  }
  if (bounds.onlyUnderWay) {
    const { failedLater } = facts;
    say(`${failedLater} of ${totalOf(facts.failedAttempts)} failed attempts began after the death`, failedLater === 0);
  }
  if (bounds.backWithinMs !== undefined) {
    say(
      `back after ${seconds(facts.backMs)}, at most ${seconds(bounds.backWithinMs)}`,
      facts.backMs <= bounds.backWithinMs,
    );
  }
  if (bounds.readyWithinMs !== undefined && facts.readyMs !== undefined) {
    say(
      `every probe ready after ${seconds(facts.readyMs)}, at most ${seconds(bounds.readyWithinMs)}`,
      facts.readyMs <= bounds.readyWithinMs,
    );
  }
  if (bounds.lieWithinMs !== undefined) say(...judgeLie(facts, bounds.lieWithinMs));
  if (bounds.answerWithinMs !== undefined) {
    say(
      `longest wait for an answer ${seconds(facts.longestAttemptMs)}, at most ${seconds(bounds.answerWithinMs)}`,
      facts.longestAttemptMs <= bounds.answerWithinMs,
    );
  }
  if (facts.wholeMs === undefined) say("not every instance was healthy again before the wait ended", false);
  if (bounds.readsFailForMs !== undefined) {
    const { readsFailedForMs } = facts;
    say(
      `authenticated reads failed for ${seconds(readsFailedForMs)}, at most ${seconds(bounds.readsFailForMs)}`,
      readsFailedForMs <= bounds.readsFailForMs,
    );
  }
  return verdicts;
}

function judgeLie({ lie }: Facts, mostMs: number): [string, boolean] {
  const most = `at most ${seconds(mostMs)}`;
  if (lie === undefined) return ["no lie time, because no attempt failed", true];
  // Unseen means that no probe reported the fault while it lasted. A fault may be shorter than the bound.
  return [`lie time ${lie.seen ? "" : "more than "}${seconds(lie.ms)}, ${most}`, lie.ms <= mostMs];
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;

/** No resource stays in use after the faults are over. */
export function judgeRest({ before, after }: NonNullable<WorldEnd["atRest"]>): Verdict[] {
  const held = (name: string, was: number, is: number, most = was) => ({
    what: `${name}: ${is}, ${was} before`,
    met: is <= most,
    strict: false,
  });
  return [
    held("connections to Postgres", before.postgres, after.postgres),
    held("connections to Redis", before.redis, after.redis),
    held("open handles", before.handles, after.handles),
    held("MB of heap", before.heapMb, after.heapMb, before.heapMb * 1.1),
  ];
}

/** Whether every strict bound was met. The peer has none. */
export const isPassed = ({ outcomes, ends }: Results, boundsOf: (fault: string) => Bounds): boolean =>
  ends.every(({ server, balance }) => server === "peer" || isExact(balance)) &&
  outcomes.every(
    ({ server, fault, facts }) =>
      server === "peer" || judge(boundsOf(fault), facts).every(({ met, strict }) => met || !strict),
  );
