import { type Html, html } from "../../core/page/html.ts";
import type { HealthReport, PageExtras, PageLink } from "../health/health-report.ts";
import { badgeOf, badgeOfStatus } from "./badge.ts";
import { renderCertificates } from "./certificate-list.ts";
import { renderChecks } from "./check-cards.ts";
import { renderDocument } from "./document.ts";
import { renderFleet } from "./fleet-table.ts";
import { renderHeader } from "./header.ts";
import { renderHistory } from "./history-section.ts";
import { renderMeters } from "./meters.ts";
import { type PublicReport, renderPublicView } from "./public-view.ts";

const minIntervalMs = 1000;
const publicIntervalMs = 5000;

/** Renders the report as a page. Without JavaScript the page is complete, but does not update itself. */
export function renderPage(report: HealthReport, extras: PageExtras): string {
  const badge = badgeOf(report);
  const failing = Object.entries(report.checks).filter(([, { status }]) => status === "down" || status === "impaired");
  const title = `${[badge.label, ...failing.map(([name]) => name).slice(0, 2)].join(", ")} · ${report.instance}`;
  return renderDocument({
    kind: "full",
    badge,
    title,
    service: report.service,
    instance: report.instance,
    at: extras.nowMs,
    intervalMs: Math.max(minIntervalMs, Math.round(extras.intervalMs)),
    content: html`
      ${renderHeader(report, extras.nowMs)}
      <div class="wrap">
        ${extras.fleet !== undefined && renderFleet(extras.fleet, extras.nowMs)}
        ${renderChecks(report, extras)}
        ${renderCertificates(report)}
        ${renderMeters(report)}
        ${renderHistory(report, extras.nowMs)}
        ${renderLinks(extras.links ?? [])}
      </div>`,
  });
}

const renderLinks = (links: readonly PageLink[]): Html => html`
  ${
    links.length > 0 &&
    html`
    <section aria-labelledby="links">
      <h2 id="links">Links</h2>
      <ul>${links.map(({ label, href }) => html`<li><a href="${href}">${label}</a></li>`)}</ul>
    </section>`
  }`;

/** Renders the page for callers without the operator token. */
export function renderPublicPage(report: PublicReport): string {
  const badge = badgeOfStatus(report.status);
  return renderDocument({
    kind: "public",
    badge,
    title: `${badge.label} · ${report.instance}`,
    service: "Status",
    instance: report.instance,
    at: Date.parse(report.timestamp),
    intervalMs: publicIntervalMs,
    content: renderPublicView(report),
  });
}
