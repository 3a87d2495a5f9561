import { kindLabels, kinds } from "../load/records.ts";
import { type Facts, type FalseReadyTime, totalAttempts, totalRequests } from "../measure.ts";
import type { Measured } from "../results.ts";
import { judge, seconds } from "../verdict.ts";

/** Formats the result of one fault as one line, for the console. */
export function lineOf({ fault, outcome: { proxy, server, facts } }: Measured): string {
  const verdicts = server === "peer" ? [] : judge(fault.bounds, facts);
  const missed = verdicts.filter(({ met }) => !met).map(({ what }) => `MISSED: ${what}`);
  const numbers = [
    `${facts.requests} requests`,
    `failed attempts ${failedAttempts(facts)}`,
    `failed requests ${totalRequests(facts.failedRequests)}`,
    `longest wait ${seconds(facts.worstWaitMs)}`,
    `longest answer ${seconds(facts.longestAttemptMs)}`,
    `detected ${detected(facts)}`,
    `false-ready time ${formatFalseReadyTime(facts.falseReadyTime)}`,
    `recovered ${recovered(facts)}`,
    `${facts.balance.acknowledged} writes acknowledged`,
    `machine stalled ${seconds(facts.stalledMs)}`,
  ];
  const findings = (facts.findings ?? []).filter(({ met }) => met).map(({ what }) => what);
  return [`${proxy} ${server} ${fault.name}: ${numbers.join(", ")}`, ...findings, ...missed].join("\n    ");
}

/** Formats the failed attempts, for example as "12 (write: 8 × 502, 4 × reset)". */
export function failedAttempts({ failedAttempts: counts }: Facts): string {
  const parts = kinds.flatMap((kind) => {
    const counted = Object.entries(counts[kind]).map(([result, count]) => `${count} × ${result}`);
    return counted.length === 0 ? [] : [`${kindLabels[kind]}: ${counted.join(", ")}`];
  });
  return parts.length === 0 ? "0" : `${totalAttempts(counts)} (${parts.join("; ")})`;
}

export function detected({ detectedAfter: { probe, proxy } }: Facts): string {
  const parts = [probe !== undefined && `probe ${seconds(probe)}`, proxy !== undefined && `proxy ${seconds(proxy)}`];
  return parts.filter(Boolean).join(", ") || "–";
}

export const recovered = ({ recoveredAfterMs, healthyAfterMs }: Facts): string =>
  `requests ${seconds(recoveredAfterMs)}, all ${healthyAfter(healthyAfterMs)}`;

export const healthyAfter = (ms: number | undefined): string =>
  ms === undefined ? "not while it was watched" : seconds(ms);

/** Formats the false-ready time. "> 9.80 s" means that no probe reported the failures while they lasted. */
export const formatFalseReadyTime = (falseReadyTime: FalseReadyTime | undefined): string =>
  falseReadyTime === undefined ? "–" : `${falseReadyTime.reported ? "" : "> "}${seconds(falseReadyTime.ms)}`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
