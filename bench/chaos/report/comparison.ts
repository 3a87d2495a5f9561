import type { ProxyName } from "../arguments.ts";
import { storeBounds } from "../faults/fault.ts";
import { totalAttempts, totalRequests } from "../measure.ts";
import type { Outcome } from "../results.ts";
import { seconds } from "../verdict.ts";
import { formatFalseReadyTime, table } from "./format.ts";
import { anchorOf, proxyTitles } from "./names.ts";

export type Row = { title: string; proxy: ProxyName; haven: Outcome; peer: Outcome | undefined };

/** Renders the comparison of Haven with the usual stack under the same faults. */
export function comparisonOf(proxy: ProxyName, rows: readonly Row[]): string {
  const compared = rows.filter(({ peer }) => peer !== undefined);
  if (compared.length === 0) return "";
  const head = ["false-ready time", "failed requests (attempts)", "longest wait"].flatMap((what) => [
    `${what}: Haven`,
    "usual stack",
  ]);
  const lines = compared.map(({ title, haven, peer }) => [
    `[${title}](#${anchorOf(title, proxy)})`,
    ...cellsOf(haven, peer, ({ facts }) => formatFalseReadyTime(facts.falseReadyTime)),
    ...cellsOf(
      haven,
      peer,
      ({ facts }) => `${totalRequests(facts.failedRequests)} (${totalAttempts(facts.failedAttempts)})`,
    ),
    ...cellsOf(haven, peer, ({ facts }) => seconds(facts.worstWaitMs)),
  ]);
  const peers = compared.flatMap(({ peer }) => peer ?? []);
  return `### Behind ${proxyTitles[proxy]}

A probe reported the failures within ${seconds(storeBounds.falseReadyWithinMs)} ${detectedInTime(compared.map(({ haven }) => haven))} with Haven, and ${detectedInTime(peers)} with
the usual stack.

${table(["fault", ...head], lines)}`;
}

/** Formats "in N of M faults": M faults made an attempt fail, and a probe reported N of them in time. */
function detectedInTime(outcomes: readonly Outcome[]): string {
  const falseReadyTimes = outcomes.flatMap(({ facts: { falseReadyTime } }) => falseReadyTime ?? []);
  return `in ${falseReadyTimes.filter(({ reported, ms }) => reported && ms <= storeBounds.falseReadyWithinMs).length} of ${falseReadyTimes.length} faults`;
}

const cellsOf = (haven: Outcome, peer: Outcome | undefined, cell: (outcome: Outcome) => string): string[] => [
  cell(haven),
  peer ? cell(peer) : "",
];

export const comparisonIntro = `## Beside the usual stack

The comparison server is an Express server that uses \`@godaddy/terminus\`, \`pg\`, \`ioredis\` and \`opossum\` as their READMEs
show ([bench/peers/usual-resilience.mjs](../bench/peers/usual-resilience.mjs)). Three instances of it get the same faults and the same
load.

- **false-ready time**: the time from the first failed attempt of a user until a probe reports something other than \`ready\`. An
  attempt that waits longer than the time limit of a statement (5 s) counts as failed at that limit. A response that reports overload
  is not a failure. "–": no attempt failed. "> 9.80 s":
  attempts failed for that time, and every probe reported \`ready\`.
- **failed requests**: requests that the client gave up after 30 s of retries; in parentheses all failed attempts.
- **longest wait**: the longest time from the first attempt to the last response of one request, with the pauses between
  retries.`;
