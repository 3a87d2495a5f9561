import { type Html, html } from "../../core/page/html.ts";
import type { Sample } from "../health/samples.ts";
import { formatCount, formatDuration, formatLatency, formatTimeText } from "./format.ts";

const windowMs = 600_000;
const bucketCount = 120;
const bucketMs = windowMs / bucketCount;
const width = 1200;
const height = 100;
const bucketWidth = width / bucketCount;

type Bucket = { index: number; at: number; worstMs: number | null; hasFailure: boolean; isAfterGap: boolean };

/** Renders the latency of the last ten minutes. The line has a gap where nothing was measured, and failures are blocks. */
export function renderSparkline(name: string, samples: readonly Sample[], nowMs: number): Html {
  const startMs = nowMs - windowMs;
  const recent = samples.filter(({ at }) => at >= startMs && at <= nowMs);
  const last = recent.at(-1);
  if (last === undefined) return html`<p class="empty">No samples in the last ten minutes.</p>`;

  const gapMs = maxSampleGap(recent);
  const buckets = downsample(recent, startMs, gapMs);
  const passed = recent.filter(({ ok }) => ok).map(({ latencyMs }) => latencyMs);
  const maxMs = Math.max(0, ...passed);
  const scale = maxMs === 0 ? "" : formatLatency(maxMs);
  return html`
    <figure class="plot">
      <svg role="img" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">
        <title>${describe(name, recent, passed, nowMs)}</title>
        <path class="grid" d="M0 50H${width}M300 0V${height}M600 0V${height}M900 0V${height}"/>
        <path class="gap" d="${gapPath(buckets, last.at, startMs, nowMs, gapMs)}"/>
        <path class="fails" d="${failurePath(buckets)}"/>
        <path class="line" d="${linePath(buckets, startMs, maxMs)}"/>
      </svg>
      <div class="scale" aria-hidden="true"><span>${scale}</span><span>0</span></div>
      <div class="ends" aria-hidden="true"><span>10 min ago</span><span>now</span></div>
      <figcaption>${caption(recent, passed)}</figcaption>
    </figure>`;
}

/** Keeps the worst value of each bucket, so that no peak and no failure is lost. */
function downsample(samples: readonly Sample[], startMs: number, gapMs: number): Bucket[] {
  const buckets: Bucket[] = [];
  let previousAt = startMs;
  for (const { at, latencyMs, ok } of samples) {
    const index = Math.min(bucketCount - 1, Math.floor((at - startMs) / bucketMs));
    let bucket = buckets.at(-1);
    if (bucket?.index !== index) {
      bucket = { index, at, worstMs: null, hasFailure: false, isAfterGap: at - previousAt > gapMs };
      buckets.push(bucket);
    }
    previousAt = at;
    if (!ok) bucket.hasFailure = true;
    else if (bucket.worstMs === null || latencyMs > bucket.worstMs) Object.assign(bucket, { at, worstMs: latencyMs });
  }
  return buckets;
}

/** Returns the longest time between two samples that is not a gap: three times the median of this check. */
function maxSampleGap(samples: readonly Sample[]): number {
  const steps = samples.slice(1).map(({ at }, index) => at - (samples[index]?.at ?? at));
  const median = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  return Math.max(3 * median, 2 * bucketMs);
}

const xOf = (at: number, startMs: number): number => Math.round(((at - startMs) / windowMs) * width);

function linePath(buckets: readonly Bucket[], startMs: number, maxMs: number): string {
  let path = "";
  let previous: { left: number; top: number } | undefined;
  for (const { at, worstMs, isAfterGap } of buckets) {
    if (worstMs === null) {
      previous = undefined;
      continue;
    }
    const left = xOf(at, startMs);
    const top = Math.round(96 - (90 * worstMs) / (maxMs || 1));
    // Relative coordinates are shorter than absolute ones. `0 0` draws a dot for a single point.
    if (previous === undefined || isAfterGap) path += `M${left} ${top}l0 0`;
    else path += ` ${left - previous.left} ${top - previous.top}`;
    previous = { left, top };
  }
  return path;
}

function failurePath(buckets: readonly Bucket[]): string {
  let path = "";
  let from: number | undefined;
  let to = 0;
  const close = () => {
    if (from !== undefined) path += `M${from} 0H${to}V${height}H${from}z`;
    from = undefined;
  };
  for (const { index, hasFailure, worstMs, isAfterGap } of buckets) {
    if (isAfterGap || !hasFailure || worstMs !== null) close();
    if (!hasFailure) continue;
    from ??= index * bucketWidth;
    to = (index + 1) * bucketWidth;
  }
  close();
  return path;
}

function gapPath(buckets: readonly Bucket[], lastAt: number, startMs: number, nowMs: number, gapMs: number): string {
  let path = "";
  let previousAt = startMs;
  for (const { at, isAfterGap } of buckets) {
    if (isAfterGap) path += `M${xOf(previousAt, startMs)} 97H${xOf(at, startMs)}`;
    previousAt = at;
  }
  return nowMs - lastAt > gapMs ? `${path}M${xOf(lastAt, startMs)} 97H${width}` : path;
}

function caption(samples: readonly Sample[], passed: readonly number[]): string {
  const failed = samples.length - passed.length;
  const range =
    passed.length === 0
      ? "none passed"
      : `${formatLatency(Math.min(...passed))} to ${formatLatency(Math.max(...passed))}`;
  return failed === 0 ? range : `${range}, ${failed} of ${samples.length} failed`;
}

function describe(name: string, samples: readonly Sample[], passed: readonly number[], nowMs: number): string {
  const failedLast = samples.findLast(({ ok }) => !ok);
  const coveredTime = formatDuration(nowMs - (samples[0]?.at ?? nowMs));
  const failed =
    failedLast === undefined ? "none failed" : `the last failure was at ${formatTimeText(failedLast.at, nowMs)}`;
  return `Latency of ${name}, ${formatCount(samples.length, "sample")} over ${coveredTime}: ${caption(samples, passed)}; ${failed}`;
}
