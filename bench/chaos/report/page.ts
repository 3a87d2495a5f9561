import { wrapMarkdown } from "../../wrap-markdown.ts";
import { isExact } from "../load/ledger.ts";
import { requestTimeoutMs } from "../load/load.ts";
import { type Kind, kinds } from "../load/records.ts";
import { type Facts, total } from "../measure.ts";
import type { Outcome, ProxyRun, Verdict } from "../results.ts";
import { judgeRest, seconds } from "../verdict.ts";
import type { Resources } from "../world/resources.ts";
import { userCount } from "../world/world.ts";
import { failedAttempts, whole } from "./format.ts";
import { setUp } from "./set-up.ts";

export type PageFacts = {
  runs: readonly ProxyRun[];
  machine: readonly (readonly [string, string])[];
  minutes: number;
  imageOf(proxy: string, fault: string): string;
};

const called = { nginx: "NGINX", haproxy: "HAProxy" } as const;

/** The report. What is missed stands at the top. */
export function renderPage({ runs, machine, minutes, imageOf }: PageFacts): string {
  return wrapMarkdown(
    `${[
      "# Resilience: measured effects of faults",
      intro(minutes),
      missedOf(runs),
      ...runs.map(tableOf),
      howToRead,
      ...runs.map(restOf).filter((part) => part !== ""),
      setUp,
      `## The machine\n\n${["| | |", "| --- | --- |", ...machine.map(([what, value]) => `| ${what} | ${value} |`)].join("\n")}`,
      ...runs.flatMap(({ proxy, outcomes }) => [
        `## Behind ${called[proxy]}, fault by fault`,
        ...outcomes.map((outcome) => faultOf(outcome, imageOf(proxy, outcome.fault.name), called[proxy])),
      ]),
    ].join("\n\n")}\n`,
  );
}

const intro = (
  minutes: number,
) => `Three instances of Haven run with a real Postgres and a real Redis behind the NGINX and HAProxy configurations of this
repository. ${userCount} simulated users read and write all the time, while \`npm run chaos\` injects one fault after another and records
every request. The run took ${Math.round(minutes)} minutes; this page is its report. Each fault has bounds, for example that no request may fail:
see [Setup](#setup).`;

function missedOf(runs: readonly ProxyRun[]): string {
  const missed = runs.flatMap(({ proxy, outcomes, atRest }) => {
    const line = (title: string, { what }: Verdict) => `- ${title}, behind ${called[proxy]}: ${what}.`;
    const notMet = (verdicts: readonly Verdict[]) => verdicts.filter(({ met }) => !met);
    return [
      ...outcomes.flatMap(({ fault, facts, verdicts }) =>
        notMet(verdicts).map((one) => line(fault.title, one) + stalled(facts)),
      ),
      ...notMet(atRest ? judgeRest(atRest) : []).map((one) => line("Resources after the run", one)),
    ];
  });
  const acknowledged = runs.reduce((sum, { balance }) => sum + balance.acknowledged, 0);
  const exact = runs.every(({ balance }) => isExact(balance));
  const ledger = exact
    ? `${acknowledged.toLocaleString("en")} writes were acknowledged; at the end every one of them is in the database exactly once.`
    : "**Not every acknowledged write is in the database exactly once.**";
  return missed.length === 0 ? `${ledger} Every bound is met.` : `${ledger}\n\nMissed:\n\n${missed.join("\n")}`;
}

function tableOf({ proxy, outcomes }: ProxyRun): string {
  const rows = outcomes.map(({ fault, facts, verdicts }) => [
    `[${fault.title}](#${anchorOf(fault.title, called[proxy])})`,
    inKinds((kind) => Object.values(facts.failedAttempts[kind]).reduce((sum, count) => sum + count, 0)),
    inKinds((kind) => facts.failedRequests[kind]),
    seconds(facts.worstWaitMs),
    [facts.noticed.probe, ...(proxy === "haproxy" ? [facts.noticed.proxy] : [])]
      .map((ms) => (ms === undefined ? "–" : seconds(ms)))
      .join(" / "),
    `${seconds(facts.backMs)} / ${whole(facts.wholeMs)}`,
    `${facts.balance.acknowledged}${isExact(facts.balance) ? "" : " **wrong**"}`,
    verdicts.every(({ met }) => met) ? "met" : "**missed**",
  ]);
  const noticed = proxy === "haproxy" ? "detected: probe / HAProxy" : "detected: probe";
  const head = [
    "fault",
    "failed attempts: public / read / write",
    "failed requests",
    "worst wait",
    noticed,
    "recovered: requests / all",
    "writes",
    "bounds",
  ];
  return `## Behind ${called[proxy]}\n\n${[head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")}`;
}

/** "0", or as "1 / 2 / 3". */
function inKinds(of: (kind: Kind) => number): string {
  const counts = kinds.map(of);
  return counts.every((count) => count === 0) ? "0" : counts.join(" / ");
}

const howToRead = `- **failed attempts**: attempts without a response, or with a 5xx. The client waits as long as \`Retry-After\` says before
  it retries, at least 0.2 s, doubled with each retry up to 4 s. It retries a write with the same \`Idempotency-Key\`.
- **failed requests**: requests that the client gave up after ${requestTimeoutMs / 1000} s or more of retries.
- **worst wait**: the longest time from the first attempt to the last response of one request.
- **detected**: the time from the fault until \`/ready\` of an instance reports a different state (or does not answer for a
  second), and until HAProxy takes an instance out of rotation. NGINX has no health checks of its own. "–": no change of
  state was observed.
- **recovered**: the time from the end of the fault until the last failing attempt started, and until all instances are ready again.
- **writes**: acknowledged writes; each of them is in the database exactly once, under the id in the response.`;

function restOf({ proxy, atRest, outcomes }: ProxyRun): string {
  if (!atRest) return "";
  const rows = (Object.keys(restWords) as (keyof Resources)[]).map((what) => {
    const during = outcomes.map(({ resources }) => resources[what]);
    return `| ${restWords[what]} | ${atRest.before[what]} | ${Math.max(...during)} | ${atRest.after[what]} |`;
  });
  return `## Resources after the run, behind ${called[proxy]}\n
Sums over all three instances. The first and the last column were measured half a minute after the last request, before and
after the faults that do not replace a process. Connections of clients are not counted as handles.

| | before | maximum right after a fault | at the end |
| --- | --- | --- | --- |
${rows.join("\n")}`;
}

const restWords: Readonly<Record<keyof Resources, string>> = {
  postgres: "connections to Postgres",
  redis: "connections to Redis",
  handles: "open handles",
  heapMb: "heap after a collection, MB",
};

/** What a figure may owe to the machine. */
const stalled = ({ stalledMs }: Facts): string =>
  stalledMs < 250 ? "" : ` The machine itself was paused for up to ${seconds(stalledMs)} during this fault.`;

function faultOf({ fault, facts, verdicts }: Outcome, image: string, proxy: string): string {
  const lines = verdicts.map(({ what, met }) => `- ${met ? "met" : "**missed**"}: ${what}`);
  const signIns = facts.signIns === 0 ? "" : ` ${facts.signIns} users signed in again.`;
  return `### ${fault.title}, behind ${proxy}

${fault.says} ${facts.requests} requests; failed attempts: ${failedAttempts(facts)}; failed requests: ${total(facts.failedRequests)}.${signIns}${stalled(facts)}

![${fault.title}, behind ${proxy}](${image})

${lines.join("\n")}`;
}

const anchorOf = (title: string, proxy: string): string =>
  `${title}, behind ${proxy}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
