import { html } from "../../core/page/html.ts";
import type { HealthReport, PageExtras } from "../health/health-report.ts";
import { badgeOf, badgeOfStatus } from "./badge.ts";
import { renderChecks } from "./check-cards.ts";
import { renderDocument } from "./document.ts";
import { renderFleet } from "./fleet-table.ts";
import { renderHeader } from "./header.ts";
import { renderHistory } from "./history-section.ts";
import { renderMeters } from "./meters.ts";
import { type PublicReport, renderPublicView } from "./public-view.ts";

const minIntervalMs = 1000;
const publicIntervalMs = 5000;

/** The whole picture for a browser. Complete without JavaScript; with it, it keeps itself up to date. */
export function renderPage(picture: HealthReport, extras: PageExtras): string {
  const face = badgeOf(picture);
  const failing = Object.entries(picture.checks).filter(([, { status }]) => status === "down");
  const title = `${[face.label, ...failing.map(([name]) => name).slice(0, 2)].join(", ")} · ${picture.instance}`;
  return renderDocument({
    kind: "full",
    face,
    title,
    service: picture.service,
    instance: picture.instance,
    at: extras.nowMs,
    intervalMs: Math.max(minIntervalMs, Math.round(extras.intervalMs)),
    content: html`
      ${renderHeader(picture, extras.nowMs)}
      <div class="wrap">
        ${extras.fleet !== undefined && renderFleet(extras.fleet, extras.nowMs)}
        ${renderChecks(picture, extras)}
        ${renderMeters(picture)}
        ${renderHistory(picture, extras.nowMs)}
      </div>`,
  });
}

/** What a caller without the operator's token gets. */
export function renderPublicPage(verdict: PublicReport): string {
  const face = badgeOfStatus(verdict.status);
  return renderDocument({
    kind: "public",
    face,
    title: `${face.label} · ${verdict.instance}`,
    service: "Status",
    instance: verdict.instance,
    at: Date.parse(verdict.timestamp),
    intervalMs: publicIntervalMs,
    content: renderPublicView(verdict),
  });
}
