import { type Html, html } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { badgeOfStatus } from "./badge.ts";
import { formatDateTime } from "./format.ts";
import { renderBand } from "./header.ts";

export type PublicReport = { status: HealthReport["status"]; instance: string; timestamp: string };

const meanings: Readonly<Record<HealthReport["status"], string>> = {
  healthy: "This instance is in rotation.",
  degraded: "This instance is in rotation, but a dependency that is not critical fails.",
  unhealthy: "This instance is out of rotation.",
};

/** Renders the verdict, and a form for the operator token. */
export function renderPublicView({ status, instance, timestamp }: PublicReport): Html {
  const header = renderBand(badgeOfStatus(status), html`<p id="summary" class="summary">${meanings[status]}</p>`, [
    ["Instance", html`${instance}`],
    ["As of", formatDateTime(timestamp)],
  ]);
  return html`
    ${header}
    <div class="wrap">
      <section aria-labelledby="token-heading">
        <h2 id="token-heading">Full report</h2>
        <p>Checks, latencies, load and history require the operator token.</p>
        <form id="token-form" class="scripted" data-keep>
          <label for="token">Operator token</label>
          <div>
            <input id="token" type="password" required autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="token-message">
            <button>Show</button>
          </div>
          <p id="token-message" aria-live="polite"></p>
          <p class="note">The token is kept in the memory of this tab only.</p>
        </form>
        <p class="unscripted">This form needs JavaScript. Without JavaScript use <code>curl -H "Authorization: Bearer $OPS_TOKEN"</code> with this address.</p>
      </section>
    </div>`;
}
