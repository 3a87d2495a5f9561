import { type Html, html } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { type Face, faceOf } from "./face.ts";
import { shape } from "./shapes.ts";
import { summarize } from "./summary.ts";
import { duration, fullMoment, timeSince } from "./words.ts";

/** The band on top: all that somebody sees who looks for one second. */
export function renderGlance(picture: HealthReport, nowMs: number): Html {
  const { instance, version, uptimeSeconds, status, phase } = picture;
  const since = sinceWhen(picture);
  const inRotation = phase === "ready" && status !== "unhealthy";
  return band(
    faceOf(picture),
    html`
      <p class="since">For <strong>${timeSince(since, nowMs)}</strong>, since ${fullMoment(since)}</p>
      <p id="summary" class="summary">${summarize(picture, nowMs)}</p>`,
    [
      ["Instance", html`${instance}`],
      ["Version", html`${version}`],
      ["Up for", html`${duration(uptimeSeconds * 1000)}`],
      ["Phase", html`${phase}`],
      ["Verdict", html`${status}, ${inRotation ? "in" : "out of"} rotation`],
      ["As of", fullMoment(nowMs)],
    ],
  );
}

export function band(face: Face, about: Html, facts: readonly (readonly [term: string, fact: Html])[]): Html {
  return html`
    <section class="band ${face.tone}" aria-labelledby="status">
      <div class="wrap">
        <h1 id="status" tabindex="-1">${shape(face.shape)}<span>${face.words}</span></h1>
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
