import { inWords, kinds } from "../load/records.ts";
import { type Facts, type Lie, total, totalOf } from "../measure.ts";
import type { Measured } from "../results.ts";
import { judge, seconds } from "../verdict.ts";

/** The result of one fault in one line, for the console. */
export function lineOf({ fault, outcome: { proxy, server, facts } }: Measured): string {
  const verdicts = server === "peer" ? [] : judge(fault.bounds, facts);
  const missed = verdicts.filter(({ met }) => !met).map(({ what }) => `MISSED: ${what}`);
  const numbers = [
    `${facts.requests} requests`,
    `failed attempts ${failedAttempts(facts)}`,
    `failed requests ${total(facts.failedRequests)}`,
    `longest wait ${seconds(facts.worstWaitMs)}`,
    `longest answer ${seconds(facts.longestAttemptMs)}`,
    `detected ${detected(facts)}`,
    `lie time ${lieTime(facts.lie)}`,
    `recovered ${recovered(facts)}`,
    `${facts.balance.acknowledged} writes acknowledged`,
    `machine stalled ${seconds(facts.stalledMs)}`,
  ];
  return [`${proxy} ${server} ${fault.name}: ${numbers.join(", ")}`, ...missed].join("\n    ");
}

/** For example "12 (write: 8 × 502, 4 × reset)". */
export function failedAttempts({ failedAttempts: counts }: Facts): string {
  const parts = kinds.flatMap((kind) => {
    const hows = Object.entries(counts[kind]).map(([how, count]) => `${count} × ${how}`);
    return hows.length === 0 ? [] : [`${inWords[kind]}: ${hows.join(", ")}`];
  });
  return parts.length === 0 ? "0" : `${totalOf(counts)} (${parts.join("; ")})`;
}

export function detected({ noticed: { probe, proxy } }: Facts): string {
  const parts = [probe !== undefined && `probe ${seconds(probe)}`, proxy !== undefined && `proxy ${seconds(proxy)}`];
  return parts.filter(Boolean).join(", ") || "–";
}

export const recovered = ({ backMs, wholeMs }: Facts): string => `requests ${seconds(backMs)}, all ${whole(wholeMs)}`;

export const whole = (ms: number | undefined): string => (ms === undefined ? "not while it was watched" : seconds(ms));

/** "> 9.80 s": no probe reported it. */
export const lieTime = (lie: Lie | undefined): string =>
  lie === undefined ? "–" : `${lie.seen ? "" : "> "}${seconds(lie.ms)}`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
