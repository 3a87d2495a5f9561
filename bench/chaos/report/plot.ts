import type { FaultFacts } from "../faults/fault.ts";
import { kindLabels, kinds } from "../load/records.ts";
import type { Facts, Observed } from "../measure.ts";
import { escaped, left, right, rounded, text, width } from "./drawing.ts";
import { drawAxis, drawLegend, drawMarkers } from "./plot-marks.ts";
import { drawBuckets, drawStates, drawWaits, panelHeight, waitHeight } from "./plot-panels.ts";
import { style } from "./plot-style.ts";
import { maxRequestsOf, timelineOf } from "./timeline.ts";

const panelTop = 82;
const panelGap = 12;

/** Draws the plot of a fault: the results of requests, their durations, and the reported state of each instance. */
export function plotOf(
  { fault, observed, facts }: { fault: FaultFacts; observed: Observed; facts: Facts },
  proxy: string,
): string {
  const timeline = timelineOf(observed);
  const { fromMs, toMs } = timeline;
  const x = (ms: number) => left + ((ms - fromMs) / (toMs - fromMs)) * (right - left);
  const endMs = observed.moments.ended - observed.moments.injected;
  const waitTop = panelTop + kinds.length * (panelHeight + panelGap) + 6;
  const stateTop = waitTop + waitHeight + 14;
  const { parts: states, bottom } = drawStates(timeline, x, stateTop);
  const parts = [
    text(16, 24, `${fault.title}, behind ${proxy}`, "title"),
    text(16, 43, fault.description, "soft"),
    `<rect class="window" x="${rounded(x(0))}" y="${panelTop - 8}" width="${rounded(Math.max(1, x(endMs) - x(0)))}" height="${rounded(bottom - panelTop + 8)}"/>`,
    `<path class="edge" d="M${rounded(x(0))} ${panelTop - 14}V${rounded(bottom)}M${rounded(x(endMs))} ${panelTop - 14}V${rounded(bottom)}"/>`,
    text(x(0) - 4, panelTop - 10, "fault begins", "mark end"),
    text(x(endMs) + 4, panelTop - 10, "fault ends", "mark"),
    ...kinds.map((kind, index) =>
      drawBuckets(
        kindLabels[kind],
        timeline.buckets[kind],
        x,
        fromMs,
        panelTop + index * (panelHeight + panelGap),
        maxRequestsOf(timeline),
      ),
    ),
    drawWaits(timeline, x, waitTop),
    ...states,
    drawAxis(timeline, x, bottom),
    ...drawMarkers(facts, endMs, x, bottom + 30),
    drawLegend(bottom + 66),
  ];
  const height = Math.round(bottom + 80);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui,sans-serif" font-size="11">
<title>${escaped(fault.title)}, behind ${proxy}: ${escaped(fault.description)}</title>
<style>${style}</style>
<rect class="card" width="${width}" height="${height}" rx="8"/>
${parts.join("\n")}
</svg>
`;
}
