import { type Html, html } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { type Badge, badgeOf } from "./badge.ts";
import { formatDateTime, formatDuration, formatElapsed } from "./format.ts";
import { shape } from "./shapes.ts";
import { summarize } from "./summary.ts";

/** Renders the coloured band at the top: the state, the reason and the facts of the instance. */
export function renderHeader(report: HealthReport, nowMs: number): Html {
  const { instance, version, uptimeSeconds } = report;
  const since = stateSince(report);
  return renderBand(
    badgeOf(report),
    html`
      <p class="since">For <strong>${formatElapsed(since, nowMs)}</strong>, since ${formatDateTime(since)}</p>
      <p id="summary" class="summary">${summarize(report, nowMs)}</p>`,
    [
      ["Instance", html`${instance}`],
      ["Version", html`${version}`],
      ["Up for", html`${formatDuration(uptimeSeconds * 1000)}`],
      ["As of", formatDateTime(nowMs)],
    ],
  );
}

export function renderBand(badge: Badge, body: Html, facts: readonly (readonly [term: string, fact: Html])[]): Html {
  return html`
    <section class="band ${badge.tone}" aria-labelledby="status">
      <div class="wrap">
        <h1 id="status" tabindex="-1">${shape(badge.shape)}<span>${badge.label}</span></h1>
        ${body}
        <dl class="facts">${facts.map(([term, fact]) => html`<div><dt>${term}</dt><dd>${fact}</dd></div>`)}</dl>
      </div>
    </section>`;
}

/** Returns when the shown state began: a phase such as draining may begin later than the verdict. */
function stateSince({ phase, since, history }: HealthReport): string {
  if (phase === "ready") return since;
  return history.findLast(({ kind, to }) => kind === "phase" && to === phase)?.at ?? since;
}
