import { left, right, rounded, type Scale, text } from "./drawing.ts";
import { type Bucket, bucketMs, type Timeline } from "./timeline.ts";

export const panelHeight = 42;
export const waitHeight = 84;

export function drawBuckets(
  label: string,
  buckets: readonly Bucket[],
  x: Scale,
  fromMs: number,
  top: number,
  max: number,
): string {
  const base = top + panelHeight;
  const barWidth = x(bucketMs) - x(0);
  const bars = { answered: "", late: "", failed: "" };
  for (const [index, bucket] of buckets.entries()) {
    let y = base;
    for (const what of ["answered", "late", "failed"] as const) {
      const height = (bucket[what] / max) * panelHeight;
      if (height === 0) continue;
      y -= height;
      bars[what] +=
        `M${rounded(x(fromMs + index * bucketMs))} ${rounded(y)}h${rounded(barWidth * 0.86)}v${rounded(height)}h${rounded(-barWidth * 0.86)}z`;
    }
  }
  const paths = Object.entries(bars).map(([what, path]) => (path === "" ? "" : `<path class="${what}" d="${path}"/>`));
  return `<path class="line" d="M${left} ${base}H${right}"/>${text(left - 8, base - 24, `${label}s`, "ink end")}${text(left - 8, base - 11, "started in 1/4 s", "soft end")}${text(left - 8, base + 1, `0 to ${max}`, "soft end")}${paths.join("")}`;
}

const lowestMs = 1;
const highestMs = 60_000;

export function drawWaits({ waits, fromMs }: Timeline, x: Scale, top: number): string {
  const base = top + waitHeight;
  const y = (ms: number) =>
    base - (Math.log(Math.max(ms, lowestMs) / lowestMs) / Math.log(highestMs / lowestMs)) * waitHeight;
  const grid = (
    [
      [10, "10 ms"],
      [100, "100 ms"],
      [1000, "1 s"],
      [10_000, "10 s"],
    ] as const
  ).map(
    ([ms, label]) =>
      `<path class="line" d="M${left} ${rounded(y(ms))}H${right}"/>${text(right - 2, y(ms) - 2, label, "soft end")}`,
  );
  const lineOf = (pick: (wait: { median: number; slowest: number }) => number) => {
    let path = "";
    let drawing = false;
    for (const [index, wait] of waits.entries()) {
      if (wait)
        path += `${drawing ? "L" : "M"}${rounded(x(fromMs + (index + 0.5) * bucketMs))} ${rounded(y(pick(wait)))}`;
      drawing = wait !== undefined;
    }
    return path;
  };
  return `${grid.join("")}<path class="slowest" d="${lineOf(({ slowest }) => slowest)}"/><path class="median" d="${lineOf(({ median }) => median)}"/>${text(left - 8, top + 24, "time to the answer", "ink end")}${text(left - 8, top + 37, "with all retries", "soft end")}`;
}

const tones: Readonly<Record<string, string>> = {
  ready: "good",
  UP: "good",
  degraded: "warn",
  draining: "calm",
  starting: "calm",
};

export function drawStates({ states }: Timeline, x: Scale, top: number): { parts: string[]; bottom: number } {
  let y = top;
  const parts: string[] = [];
  for (const { by, instance, spans } of states) {
    const height = by === "probe" ? 13 : 4;
    if (by === "probe") parts.push(text(left - 8, y + 10, instance, "ink end"));
    for (const { fromMs, toMs, state } of spans) {
      const tone = tones[state] ?? "bad";
      const spanWidth = x(toMs) - x(fromMs);
      parts.push(
        `<rect class="${tone}" x="${rounded(x(fromMs))}" y="${y}" width="${rounded(spanWidth)}" height="${height}"/>`,
      );
      const word = state === "not_ready" ? "not ready" : state;
      if (by === "probe" && spanWidth > word.length * 6 + 8)
        parts.push(text(x(fromMs) + 4, y + 10, word, `on-${tone}`));
    }
    y += height + (states.some((row) => row.by === "proxy") && by === "probe" ? 1 : 5);
  }
  return { parts, bottom: y };
}
