import { pageHeaders as headersOfPage } from "../../core/page/headers.ts";
import { html } from "../../core/page/html.ts";
import type { HealthReport, PageExtras } from "../health/health-report.ts";
import { renderChecks } from "./checks.ts";
import { renderDocument } from "./document.ts";
import { faceOf, faceOfStatus } from "./face.ts";
import { renderFleet } from "./fleet.ts";
import { renderGlance } from "./glance.ts";
import { renderMeters } from "./meters.ts";
import { renderReduced, type Verdict } from "./reduced.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { renderTimeline } from "./timeline.ts";

const leastIntervalMs = 1000;
const reducedIntervalMs = 5000;

/** The whole picture for a browser. Complete without JavaScript; with it, it keeps itself up to date. */
export function renderPage(picture: HealthReport, extras: PageExtras): string {
  const face = faceOf(picture);
  const failing = Object.entries(picture.checks).filter(([, { status }]) => status === "down");
  const title = `${[face.words, ...failing.map(([name]) => name).slice(0, 2)].join(", ")} · ${picture.instance}`;
  return renderDocument({
    kind: "full",
    face,
    title,
    service: picture.service,
    instance: picture.instance,
    at: extras.nowMs,
    intervalMs: Math.max(leastIntervalMs, Math.round(extras.intervalMs)),
    content: html`
      ${renderGlance(picture, extras.nowMs)}
      <div class="wrap">
        ${extras.fleet !== undefined && renderFleet(extras.fleet, extras.nowMs)}
        ${renderChecks(picture, extras)}
        ${renderMeters(picture)}
        ${renderTimeline(picture, extras.nowMs)}
      </div>`,
  });
}

/** What a caller without the operator's token gets. */
export function renderReducedPage(verdict: Verdict): string {
  const face = faceOfStatus(verdict.status);
  return renderDocument({
    kind: "reduced",
    face,
    title: `${face.words} · ${verdict.instance}`,
    service: "Status",
    instance: verdict.instance,
    at: Date.parse(verdict.timestamp),
    intervalMs: reducedIntervalMs,
    content: renderReduced(verdict),
  });
}

export const pageHeaders: Readonly<Record<string, string>> = {
  ...headersOfPage({ script, style }),
  "X-Robots-Tag": "noindex",
  "Cache-Control": "no-store",
  Vary: "Accept, Authorization",
};
