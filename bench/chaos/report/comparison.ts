import type { ProxyName } from "../arguments.ts";
import { storeBounds } from "../faults/fault.ts";
import { total, totalOf } from "../measure.ts";
import type { Outcome } from "../results.ts";
import { seconds } from "../verdict.ts";
import { lieTime, table } from "./format.ts";
import { anchorOf, called } from "./names.ts";

export type Row = { title: string; proxy: ProxyName; haven: Outcome; peer: Outcome | undefined };

/** Haven and the usual stack under the same faults. */
export function comparisonOf(proxy: ProxyName, rows: readonly Row[]): string {
  const compared = rows.filter(({ peer }) => peer !== undefined);
  if (compared.length === 0) return "";
  const head = ["lie time", "failed requests (attempts)", "longest wait"].flatMap((what) => [
    `${what}: Haven`,
    "usual stack",
  ]);
  const lines = compared.map(({ title, haven, peer }) => [
    `[${title}](#${anchorOf(title, proxy)})`,
    ...both(haven, peer, ({ facts }) => lieTime(facts.lie)),
    ...both(haven, peer, ({ facts }) => `${total(facts.failedRequests)} (${totalOf(facts.failedAttempts)})`),
    ...both(haven, peer, ({ facts }) => seconds(facts.worstWaitMs)),
  ]);
  const peers = compared.flatMap(({ peer }) => peer ?? []);
  return `### Behind ${called[proxy]}

A probe reported the failures within ${seconds(storeBounds.lieWithinMs)} ${inTime(compared.map(({ haven }) => haven))} with Haven, and ${inTime(peers)} with
the usual stack.

${table(["fault", ...head], lines)}`;
}

/** The figures of the faults in which an attempt failed. */
function inTime(outcomes: readonly Outcome[]): string {
  const lies = outcomes.flatMap(({ facts: { lie } }) => lie ?? []);
  return `in ${lies.filter(({ seen, ms }) => seen && ms <= storeBounds.lieWithinMs).length} of ${lies.length} faults`;
}

const both = (haven: Outcome, peer: Outcome | undefined, cell: (outcome: Outcome) => string): string[] => [
  cell(haven),
  peer ? cell(peer) : "",
];

export const comparisonIntro = `## Beside the usual stack

The same faults and the same load, with three instances of an Express server that is put together from
\`@godaddy/terminus\`, \`pg\`, \`ioredis\` and \`opossum\` as their READMEs show them
([bench/peers/usual-resilience.mjs](../bench/peers/usual-resilience.mjs)).

- **lie time**: the time from the first failed attempt of a user until a probe reports something other than \`ready\`. An
  attempt that waits longer than a statement may take (5 s) counts as failed from then on, and an answer
  that reports overload does not count. "–": no attempt failed. "> 9.80 s":
  attempts failed for that time, and every probe reported \`ready\`.
- **failed requests**: requests that the client gave up after 30 s of retries; in parentheses all failed attempts.
- **longest wait**: the longest time from the first attempt to the last response of one request, with the pauses between
  retries.`;
