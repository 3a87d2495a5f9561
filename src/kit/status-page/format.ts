import type { Reason } from "../../core/errors/failure-reason.ts";
import { type Html, html } from "../../core/page/html.ts";
import type { CheckDetail } from "../health/health-report.ts";

const reasons: Readonly<Record<Reason, string>> = {
  refused: "refuses connections",
  reset: "drops the connection",
  timeout: "does not answer (timeout)",
  unreachable: "cannot be reached",
  tls: "fails the TLS handshake",
  credentials: "rejects the credentials",
  forbidden: "denies the permission (forbidden)",
  loading: "is still loading",
  too_many_connections: "has too many connections",
  read_only: "is read-only",
  not_primary: "is a replica and accepts no writes",
  no_replicas: "lacks replicas and accepts no writes",
  commit_stalled: "does not finish commits, as if a synchronous standby is missing (commit stalled)",
  locked: "has a table that is locked",
  missing: "lacks a table",
  disk_full: "cannot write to its disk (disk full)",
  out_of_memory: "is out of memory",
  cluster_down: "reports a cluster that is down",
  out_of_date: "is out of date",
  over_limit: "is over its limit",
  failed: "fails",
};

/** Returns the predicate of a sentence that begins with the name of the check, such as "refuses connections". */
export const formatReason = (reason: Reason | null): string => (reason === null ? "fails" : reasons[reason]);

/** Returns the predicate for a check. If only some of its capabilities are down, it names them. */
export function formatFailure({ reason, capabilities = {} }: Pick<CheckDetail, "reason" | "capabilities">): string {
  const entries = Object.entries(capabilities);
  const down = entries.filter(([, { status }]) => status === "down").map(([name]) => name);
  const failsInPart = down.length > 0 && down.length < entries.length;
  if (!failsInPart) return formatReason(reason);
  const up = entries.filter(([, { status }]) => status === "up").map(([name]) => `${name} works`);
  return `${formatReason(reason)} (${[...down.map((name) => `${name} fails`), ...up].join(", ")})`;
}

// No line break between a number and its unit.
const withUnit = (value: number | string, unit: string): string => `${value}\u00a0${unit}`;

export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 60) return withUnit(seconds, "s");
  if (minutes < 60) return withUnit(minutes, "min");
  if (hours < 24) return twoUnits(withUnit(hours, "h"), minutes % 60, "min");
  return twoUnits(withUnit(Math.floor(hours / 24), "d"), hours % 24, "h");
}

const twoUnits = (large: string, remainder: number, unit: string): string =>
  remainder === 0 ? large : withUnit(large, withUnit(remainder, unit));

export function formatLatency(ms: number): string {
  if (ms >= 1000) return withUnit((ms / 1000).toFixed(ms < 10_000 ? 1 : 0), "s");
  return withUnit(ms.toFixed(ms < 10 ? 1 : 0), "ms");
}

export function formatBytes(count: number): string {
  const mebibytes = count / 2 ** 20;
  return mebibytes < 1024 ? withUnit(mebibytes.toFixed(0), "MiB") : withUnit((mebibytes / 1024).toFixed(1), "GiB");
}

export const formatPercent = (share: number, digits = 0): string => withUnit((share * 100).toFixed(digits), "%");

export const formatRate = (rate: number): string => rate.toFixed(rate > 0 && rate < 10 ? 1 : 0);

export const formatCount = (count: number, singular: string, plural = `${singular}s`): string =>
  `${count} ${count === 1 ? singular : plural}`;

const isoOf = (at: string | number): string | undefined => {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

// An invalid time in the report must not make the whole page fail.
const invalidTime = "an unknown time";

/** Returns a time such as "03:12:07 UTC", with the date unless the date is that of `nowMs`. */
export function formatTimeText(at: string | number, nowMs: number): string {
  const iso = isoOf(at);
  if (iso === undefined) return invalidTime;
  const date = iso.slice(0, 10);
  return `${date === isoOf(nowMs)?.slice(0, 10) ? "" : `${date} `}${iso.slice(11, 19)} UTC`;
}

export const formatTime = (at: string | number, nowMs: number): Html => timeElement(at, formatTimeText(at, nowMs));

/** Renders a time with its date, such as "2026-11-20 03:12:07 UTC". */
export function formatDateTime(at: string | number): Html {
  const iso = isoOf(at);
  return timeElement(at, iso === undefined ? invalidTime : `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`);
}

const timeElement = (at: string | number, text: string): Html =>
  html`<time datetime="${isoOf(at) ?? ""}">${text}</time>`;

/** Returns the time from `at` until `nowMs`, such as "4 min". */
export function formatElapsed(at: string, nowMs: number): string {
  const startMs = Date.parse(at);
  return Number.isNaN(startMs) ? invalidTime : formatDuration(nowMs - startMs);
}
