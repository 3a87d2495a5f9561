import { type Html, html, trusted } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { formatCount, formatDuration, formatTime } from "./format.ts";
import type { Tone } from "./shapes.ts";

export type ReportedChange = HealthReport["history"][number];

const width = 1000;
const minWidth = 3;

/** A worse state is drawn taller, so that the rows can be read without colours. */
const topOf: Readonly<Record<Tone, number>> = { good: 10, calm: 7, warn: 4, bad: 0 };
const bottom = 14;

/** Renders a row of coloured segments for each phase, verdict, check and breaker that has changed. */
export function renderStateTimeline(history: readonly ReportedChange[], nowMs: number): Html {
  const oldest = Math.min(...history.map(({ at }) => Date.parse(at)).filter((at) => !Number.isNaN(at)), nowMs);
  const coveredMs = Math.max(nowMs - oldest, 1000);
  const startMs = nowMs - coveredMs;
  const rows = Map.groupBy(history, ({ kind, name }) => `${kind} ${name}`);
  const inOrder = [...rows].toSorted(
    ([, [a]], [, [b]]) => rank(a) - rank(b) || (a?.name ?? "").localeCompare(b?.name ?? ""),
  );
  const span = { startMs, nowMs };
  return html`
    <ul class="states">${inOrder.map(([key, changes]) => renderRow(key, changes, span))}</ul>
    ${legend}
    <p class="ends covered"><span>${formatTime(oldest, nowMs)}</span><span>${formatDuration(coveredMs)}</span><span>now</span></p>`;
}

const legend = html`
  <ul class="legend" aria-label="Legend">${(
    [
      ["good", "up, in rotation, closed"],
      ["calm", "starting, draining, unknown"],
      ["warn", "impaired, degraded, half open"],
      ["bad", "down, out of rotation, open"],
    ] as const
  ).map(
    ([tone, text]) => html`
      <li><svg aria-hidden="true" viewBox="0 0 20 ${bottom}"><path class="${tone}" d="M0 ${topOf[tone]}H20V${bottom}H0z"/></svg>${text}</li>`,
  )}</ul>`;

const kinds: readonly ReportedChange["kind"][] = ["verdict", "phase", "check", "breaker"];

const rank = (change: ReportedChange | undefined): number => (change === undefined ? 0 : kinds.indexOf(change.kind));

type Span = { startMs: number; nowMs: number };
type Segment = { state: string; from: number; to: number };

function renderRow(key: string, changes: readonly ReportedChange[], span: Span): Html {
  const [first] = changes;
  if (first === undefined) return html``;
  const last = changes.at(-1) ?? first;
  const label = `${formatCount(changes.length, "change")}, now ${last.to.replaceAll("_", " ")}`;
  const subject =
    first.kind === "phase" || first.kind === "verdict" ? html`${first.kind}` : html`${first.name} <i>${first.kind}</i>`;
  return html`
    <li data-key="${key}">
      <span>${subject}</span>
      <svg role="img" viewBox="0 0 ${width} ${bottom}" preserveAspectRatio="none">
        <title>${label}</title>${trusted(renderSegments(segmentsOf(first.from, changes, span), span))}
      </svg>
    </li>`;
}

function segmentsOf(before: string, changes: readonly ReportedChange[], { startMs, nowMs }: Span): Segment[] {
  const segments: Segment[] = [{ state: before, from: startMs, to: nowMs }];
  for (const { at, to } of changes) {
    const from = Math.max(Date.parse(at) || 0, startMs);
    const lastSegment = segments.at(-1);
    if (lastSegment !== undefined) lastSegment.to = from;
    segments.push({ state: to, from, to: nowMs });
  }
  return segments;
}

function renderSegments(segments: readonly Segment[], { startMs, nowMs }: Span): string {
  const x = (at: number): number => Math.round(((at - startMs) / (nowMs - startMs)) * width);
  const byTone = new Map<Tone, string>();
  for (const { state, from, to } of segments) {
    const { tone } = appearanceOf(state);
    // Only failures are drawn wider than they lasted, so that short ones stay visible.
    const minSegmentWidth = tone === "warn" || tone === "bad" ? minWidth : 0;
    const left = Math.min(x(from), width - minSegmentWidth);
    const right = Math.max(x(to), left + minSegmentWidth);
    if (right <= left) continue;
    const block = `M${left} ${topOf[tone]}H${right}V${bottom}H${left}z`;
    byTone.set(tone, (byTone.get(tone) ?? "") + block);
  }
  return [...byTone].map(([tone, d]) => `<path class="${tone}" d="${d}"/>`).join("");
}
