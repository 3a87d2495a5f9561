import { wrapMarkdown } from "../../report/wrap-markdown.ts";
import { proxyNames } from "../arguments.ts";
import { boundsOf, factsOfFault, faults } from "../faults/all.ts";
import type { FaultFacts } from "../faults/fault.ts";
import { isExact } from "../load/ledger.ts";
import { requestTimeoutMs } from "../load/load.ts";
import { type Kind, kinds } from "../load/records.ts";
import { type Facts, totalRequests } from "../measure.ts";
import type { Outcome, Results, Verdict } from "../results.ts";
import { userCount } from "../testbed/testbed.ts";
import { judge, judgeResources, seconds } from "../verdict.ts";
import { comparisonIntro, comparisonOf } from "./comparison.ts";
import { failedAttempts, formatFalseReadyTime, healthyAfter, table } from "./format.ts";
import { resourcesSection } from "./idle-resources.ts";
import { anchorOf, proxyTitles } from "./names.ts";
import { setUp } from "./set-up.ts";

export type PageFacts = {
  results: Results;
  machine: readonly (readonly [string, string])[];
  imageOf(proxy: string, fault: string): string;
};

type JudgedFault = { fault: FaultFacts; outcome: Outcome; verdicts: readonly Verdict[] };

/** Renders the report. Missed bounds are listed at the top. */
export function renderPage({ results, machine, imageOf }: PageFacts): string {
  const judged = proxyNames.flatMap((proxy) => faults.flatMap(({ name }) => judgedFaultsOf(results, proxy, name)));
  const byProxy = proxyNames.map((proxy) => ({ proxy, own: judged.filter(({ outcome }) => outcome.proxy === proxy) }));
  const comparisons = byProxy.map(({ proxy, own }) =>
    comparisonOf(
      proxy,
      own.map((one) => rowOf(results, one)),
    ),
  );
  const commits = [...new Set(results.outcomes.map(({ commit }) => commit))].join("; ");
  return wrapMarkdown(
    `${[
      "# Resilience: measured effects of faults",
      intro,
      missedBounds(judged, results),
      ...(comparisons.some((part) => part !== "") ? [comparisonIntro, ...comparisons] : []),
      ...byProxy.map(({ proxy, own }) => figuresSection(proxy, own)),
      howToRead,
      ...results.topologies.map((end) => resourcesSection(end, results.outcomes)),
      setUp,
      `## The machine\n\n${table(["", ""], [["commits", commits], ...machine])}`,
      ...byProxy.flatMap(({ proxy, own }) => [
        `## Behind ${proxyTitles[proxy]}, fault by fault`,
        ...own.map((one) => faultSection(one, imageOf(proxy, one.fault.name))),
      ]),
    ]
      .filter((part) => part !== "")
      .join("\n\n")}\n`,
  );
}

function judgedFaultsOf({ outcomes }: Results, proxy: string, name: string): JudgedFault[] {
  const fault = factsOfFault(name);
  const outcome = outcomes.find((one) => one.proxy === proxy && one.server === "haven" && one.fault === name);
  if (fault === undefined || outcome === undefined) return [];
  return [{ fault, outcome, verdicts: judge(boundsOf(name), outcome.facts) }];
}

const rowOf = ({ outcomes }: Results, { fault: { title, name }, outcome: { proxy }, outcome }: JudgedFault) => ({
  title,
  proxy,
  haven: outcome,
  peer: outcomes.find((one) => one.proxy === proxy && one.server === "peer" && one.fault === name),
});

const intro = `Three instances of Haven run with a real Postgres and a real Redis behind the NGINX and HAProxy configurations of this
repository. ${userCount} simulated users read and write all the time, while \`npm run chaos\` injects one fault after another and records
every request. This page is its report. Each fault has bounds, for example that no request may fail: see [Setup](#setup).`;

function missedBounds(judged: readonly JudgedFault[], { topologies, outcomes }: Results): string {
  const notMet = (verdicts: readonly Verdict[]) => verdicts.filter(({ met }) => !met).map(({ what }) => what);
  const missedResources = topologies.flatMap(({ proxy, idleResources }) =>
    notMet(idleResources ? judgeResources(idleResources) : []).map(
      (what) => `- Resources after the run, behind ${proxyTitles[proxy]}: ${what}.`,
    ),
  );
  const missed = [
    ...faults.flatMap(({ name }) => missedBoundsOfFault(judged.filter(({ fault }) => fault.name === name))),
    ...missedResources,
  ];
  const own = outcomes.filter(({ server }) => server === "haven").map(({ facts }) => facts.balance);
  const acknowledged = own.reduce((sum, balance) => sum + balance.acknowledged, 0);
  const all = [...own, ...topologies.filter(({ server }) => server === "haven").map(({ balance }) => balance)];
  const ledger = all.every(isExact)
    ? `${acknowledged.toLocaleString("en")} writes were acknowledged; at the end every one of them is in the database exactly once.`
    : "**Not every acknowledged write is in the database exactly once.**";
  return missed.length === 0
    ? `${ledger} Every bound is met.`
    : `${ledger}\n\nBounds that were missed:\n\n${missed.join("\n")}`;
}

/** Returns one line for the missed bounds of a fault behind both proxies, or none. */
function missedBoundsOfFault(judged: readonly JudgedFault[]): string[] {
  const parts = judged.flatMap(({ outcome: { proxy, facts }, verdicts }) => {
    const missed = verdicts.filter(({ met }) => !met).map(({ what }) => what);
    return missed.length === 0 ? [] : [`behind ${proxyTitles[proxy]}, ${missed.join("; ")}.${stalled(facts)}`];
  });
  const title = judged[0]?.fault.title;
  return parts.length === 0 ? [] : [`- **${title}**: ${parts.join(" ")}`.replaceAll(". behind", ". Behind")];
}

function figuresSection(proxy: keyof typeof proxyTitles, judged: readonly JudgedFault[]): string {
  if (judged.length === 0) return "";
  const rows = judged.map(({ fault, outcome: { facts }, verdicts }) => [
    `[${fault.title}](#${anchorOf(fault.title, proxy)})`,
    countsByKind((kind) => Object.values(facts.failedAttempts[kind]).reduce((sum, count) => sum + count, 0)),
    `${totalRequests(facts.failedRequests)}`,
    `${seconds(facts.longestAttemptMs)} / ${seconds(facts.worstWaitMs)}`,
    [facts.detectedAfter.probe, ...(proxy === "haproxy" ? [facts.detectedAfter.proxy] : [])]
      .map((ms) => (ms === undefined ? "–" : seconds(ms)))
      .join(" / "),
    formatFalseReadyTime(facts.falseReadyTime),
    `${seconds(facts.recoveredAfterMs)} / ${healthyAfter(facts.healthyAfterMs)}`,
    `${facts.balance.acknowledged}${isExact(facts.balance) ? "" : " **wrong**"}`,
    verdicts.every(({ met }) => met) ? "met" : "**missed**",
  ]);
  const head = [
    "fault",
    "failed attempts: public / read / write / login",
    "failed requests",
    "longest wait: attempt / request",
    proxy === "haproxy" ? "detected: probe / HAProxy" : "detected: probe",
    "false-ready time",
    "recovered: requests / all",
    "writes",
    "bounds",
  ];
  return `## Behind ${proxyTitles[proxy]}\n\n${table(head, rows)}`;
}

/** Formats a count for each kind of request, as "0" or "1 / 2 / 3 / 4". */
function countsByKind(countOf: (kind: Kind) => number): string {
  const counts = kinds.map(countOf);
  return counts.every((count) => count === 0) ? "0" : counts.join(" / ");
}

const howToRead = `- **failed attempts**: attempts without a response, or with a 5xx. The client waits as long as \`Retry-After\` says before
  it retries, at least 0.2 s, doubled with each retry up to 4 s. It retries a write with the same \`Idempotency-Key\`.
- **failed requests**: requests that the client gave up after ${requestTimeoutMs / 1000} s or more of retries.
- **longest wait**: two times. The first is the longest time that an attempt waited for its response. The second is the longest time from
  the first attempt of a request to its last response, with the pauses between retries.
- **detected**: the time from the fault until \`/ready\` of an instance reports a different state (or does not answer for a
  second), and until HAProxy takes an instance out of rotation. NGINX has no health checks of its own. "–": no change of
  state was observed.
- **false-ready time**: the time from the first failed attempt until a probe reports something other than \`ready\`. "–": no attempt
  failed; "> 9.80 s": attempts failed for that time, and every probe reported \`ready\`.
- **recovered**: two times from the end of the fault: until the start of the last attempt that failed, and until all instances are
  ready again.
- **writes**: acknowledged writes; each of them is in the database exactly once, under the id in the response.`;

/** Returns a note if the measuring process stalled. */
const stalled = ({ stalledMs }: Facts): string =>
  stalledMs < 250 ? "" : ` The machine itself was paused for up to ${seconds(stalledMs)} during this fault.`;

function faultSection({ fault, outcome: { proxy, facts }, verdicts }: JudgedFault, image: string): string {
  const lines = verdicts.map(({ what, met }) => `- ${met ? "met" : "**missed**"}: ${what}`);
  const signIns = facts.signIns === 0 ? "" : ` ${facts.signIns} users signed in again.`;
  return `### ${fault.title}, behind ${proxyTitles[proxy]}

${fault.description} ${facts.requests} requests; failed attempts: ${failedAttempts(facts)}; failed requests: ${totalRequests(facts.failedRequests)}.${signIns}${stalled(facts)}

![${fault.title}, behind ${proxyTitles[proxy]}](${image})

${lines.join("\n")}`;
}
