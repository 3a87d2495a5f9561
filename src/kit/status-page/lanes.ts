import { type Html, html, trusted } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { lookOf } from "./face.ts";
import type { Tone } from "./shapes.ts";
import { counted, duration, moment } from "./words.ts";

export type PastChange = HealthReport["history"][number];

const width = 1000;
const leastWidth = 3;

/** The worse, the taller: the lanes can be read without colours. */
const topOf: Readonly<Record<Tone, number>> = { good: 10, calm: 7, warn: 4, bad: 0 };
const bottom = 14;

/** One lane for whatever has changed, from the oldest change known until now. */
export function renderLanes(history: readonly PastChange[], nowMs: number): Html {
  const oldest = Math.min(...history.map(({ at }) => Date.parse(at)).filter((at) => !Number.isNaN(at)), nowMs);
  const covered = Math.max(nowMs - oldest, 1000);
  // What was before the first change is seen too.
  const startMs = oldest - covered * 0.02;
  const lanes = Map.groupBy(history, ({ kind, name }) => `${kind} ${name}`);
  const inOrder = [...lanes].toSorted(
    ([, [a]], [, [b]]) => rank(a) - rank(b) || (a?.name ?? "").localeCompare(b?.name ?? ""),
  );
  const span = { startMs, nowMs };
  return html`
    <ul class="lanes">${inOrder.map(([key, changes]) => renderLane(key, changes, span))}</ul>
    <p class="ends covered"><span>${moment(oldest, nowMs)}</span><span>${duration(covered)}</span><span>now</span></p>`;
}

const kinds: readonly PastChange["kind"][] = ["verdict", "phase", "check", "breaker"];

const rank = (change: PastChange | undefined): number => (change === undefined ? 0 : kinds.indexOf(change.kind));

type Span = { startMs: number; nowMs: number };
type Run = { state: string; from: number; to: number };

function renderLane(key: string, changes: readonly PastChange[], span: Span): Html {
  const [first] = changes;
  if (first === undefined) return html``;
  const last = changes.at(-1) ?? first;
  const label = `${counted(changes.length, "change")}, now ${last.to.replaceAll("_", " ")}`;
  const what =
    first.kind === "phase" || first.kind === "verdict" ? html`${first.kind}` : html`${first.name} <i>${first.kind}</i>`;
  return html`
    <li data-key="${key}">
      <span>${what}</span>
      <svg role="img" viewBox="0 0 ${width} ${bottom}" preserveAspectRatio="none">
        <title>${label}</title>${trusted(paths(runsOf(first.from, changes, span), span))}
      </svg>
    </li>`;
}

function runsOf(before: string, changes: readonly PastChange[], { startMs, nowMs }: Span): Run[] {
  const runs: Run[] = [{ state: before, from: startMs, to: nowMs }];
  for (const { at, to } of changes) {
    const from = Math.max(Date.parse(at) || 0, startMs);
    const open = runs.at(-1);
    if (open !== undefined) open.to = from;
    runs.push({ state: to, from, to: nowMs });
  }
  return runs;
}

function paths(runs: readonly Run[], { startMs, nowMs }: Span): string {
  const x = (at: number): number => Math.round(((at - startMs) / (nowMs - startMs)) * width);
  const byTone = new Map<Tone, string>();
  for (const { state, from, to } of runs) {
    const { tone } = lookOf(state);
    // However short, and however late, trouble is seen.
    const least = tone === "good" ? 0 : leastWidth;
    const left = Math.min(x(from), width - least);
    const right = Math.max(x(to), left + least);
    if (right <= left) continue;
    const block = `M${left} ${topOf[tone]}H${right}V${bottom}H${left}z`;
    byTone.set(tone, (byTone.get(tone) ?? "") + block);
  }
  return [...byTone].map(([tone, d]) => `<path class="${tone}" d="${d}"/>`).join("");
}
