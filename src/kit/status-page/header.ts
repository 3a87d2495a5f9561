import { type Html, html } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { type Badge, badgeOf } from "./badge.ts";
import { formatDateTime, formatDuration, formatElapsed } from "./format.ts";
import { shape } from "./shapes.ts";
import { summarize } from "./summary.ts";

/** The band on top: all that somebody sees who looks for one second. */
export function renderHeader(picture: HealthReport, nowMs: number): Html {
  const { instance, version, uptimeSeconds, status, phase } = picture;
  const since = sinceWhen(picture);
  const inRotation = phase === "ready" && status !== "unhealthy";
  return renderBand(
    badgeOf(picture),
    html`
      <p class="since">For <strong>${formatElapsed(since, nowMs)}</strong>, since ${formatDateTime(since)}</p>
      <p id="summary" class="summary">${summarize(picture, nowMs)}</p>`,
    [
      ["Instance", html`${instance}`],
      ["Version", html`${version}`],
      ["Up for", html`${formatDuration(uptimeSeconds * 1000)}`],
      ["Phase", html`${phase}`],
      ["Verdict", html`${status}, ${inRotation ? "in" : "out of"} rotation`],
      ["As of", formatDateTime(nowMs)],
    ],
  );
}

export function renderBand(face: Badge, about: Html, facts: readonly (readonly [term: string, fact: Html])[]): Html {
  return html`
    <section class="band ${face.tone}" aria-labelledby="status">
      <div class="wrap">
        <h1 id="status" tabindex="-1">${shape(face.shape)}<span>${face.label}</span></h1>
        ${about}
        <dl class="facts">${facts.map(([term, fact]) => html`<div><dt>${term}</dt><dd>${fact}</dd></div>`)}</dl>
      </div>
    </section>`;
}

/** A phase may have begun later than the verdict that goes with it: draining while unhealthy. */
function sinceWhen({ phase, since, history }: HealthReport): string {
  if (phase === "ready") return since;
  return history.findLast(({ kind, to }) => kind === "phase" && to === phase)?.at ?? since;
}
