import { type Kind, kinds, type Request } from "../load/records.ts";
import type { Observed } from "../measure.ts";
import type { Observation } from "../testbed/watch.ts";

export const bucketMs = 250;
/** A request that takes longer than this is drawn as late. */
export const slowMs = 500;

export type Bucket = { answered: number; late: number; failed: number };

/** The results of the requests that started in each quarter of a second. */
export type Timeline = {
  /** Times are relative to the start of the fault. */
  fromMs: number;
  toMs: number;
  buckets: Readonly<Record<Kind, readonly Bucket[]>>;
  /** Undefined for a quarter of a second in which no request started. */
  waits: readonly ({ median: number; slowest: number } | undefined)[];
  states: readonly { by: Observation["by"]; instance: string; spans: readonly Span[] }[];
};

export type Span = { fromMs: number; toMs: number; state: string };

export function timelineOf({
  moments,
  requests,
  observations,
}: Pick<Observed, "moments" | "requests" | "observations">): Timeline {
  const { from, injected, to } = moments;
  const count = Math.floor((to - from) / bucketMs);
  const groups: Request[][] = Array.from({ length: count }, () => []);
  for (const request of requests) groups[Math.floor((request.startedAt - from) / bucketMs)]?.push(request);
  const bucketsOf = (kind: Kind) => groups.map((group) => bucketOf(group.filter((request) => request.kind === kind)));
  return {
    fromMs: from - injected,
    toMs: from - injected + count * bucketMs,
    buckets: {
      public: bucketsOf("public"),
      read: bucketsOf("read"),
      write: bucketsOf("write"),
      login: bucketsOf("login"),
    },
    waits: groups.map((group) => waitsOf(group.map(({ ms }) => ms))),
    states: statesOf(observations, from, from + count * bucketMs, injected),
  };
}

/** Returns the maximum number of requests of one kind that started in one quarter of a second. */
export const maxRequestsOf = ({ buckets }: Timeline): number =>
  kinds.reduce(
    (most, kind) =>
      buckets[kind].reduce((max, { answered, late, failed }) => Math.max(max, answered + late + failed), most),
    1,
  );

function bucketOf(requests: readonly Request[]): Bucket {
  const failed = requests.filter(({ result }) => result !== "ok").length;
  const late = requests.filter(({ result, ms, attempts }) => result === "ok" && (ms >= slowMs || attempts > 1)).length;
  return { answered: requests.length - failed - late, late, failed };
}

function waitsOf(ms: readonly number[]) {
  const sorted = [...ms].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const slowest = sorted.at(-1);
  return median === undefined || slowest === undefined ? undefined : { median, slowest };
}

function statesOf(
  observations: readonly Observation[],
  from: number,
  to: number,
  injected: number,
): Timeline["states"] {
  const rows = new Map<string, { by: Observation["by"]; instance: string; spans: Span[] }>();
  for (const { by, instance, at, state } of observations) {
    if (at >= to) continue;
    const row = rows.get(`${instance} ${by}`) ?? { by, instance, spans: [] };
    rows.set(`${instance} ${by}`, row);
    const begin = Math.max(at, from) - injected;
    const before = row.spans.at(-1);
    if (before) before.toMs = begin;
    row.spans.push({ fromMs: begin, toMs: to - injected, state });
  }
  return [...rows.entries()]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([, row]) => ({ ...row, spans: row.spans.filter(({ fromMs, toMs }) => toMs > fromMs) }));
}
