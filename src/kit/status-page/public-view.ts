import { type Html, html } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { badgeOfStatus } from "./badge.ts";
import { formatDateTime } from "./format.ts";
import { renderBand } from "./header.ts";

export type PublicReport = { status: HealthReport["status"]; instance: string; timestamp: string };

const meanings: Readonly<Record<HealthReport["status"], string>> = {
  healthy: "This instance is in rotation.",
  degraded: "This instance is in rotation, but something that it can do without fails.",
  unhealthy: "This instance is out of rotation.",
};

/** What anybody may see, and the way in for an operator. */
export function renderPublicView({ status, instance, timestamp }: PublicReport): Html {
  const glance = renderBand(badgeOfStatus(status), html`<p id="summary" class="summary">${meanings[status]}</p>`, [
    ["Instance", html`${instance}`],
    ["As of", formatDateTime(timestamp)],
  ]);
  return html`
    ${glance}
    <div class="wrap">
      <section aria-labelledby="token-heading">
        <h2 id="token-heading">The whole picture</h2>
        <p>Checks, latencies, load and history are for operators.</p>
        <form id="token-form" class="scripted" data-keep>
          <label for="token">Operator’s token</label>
          <div>
            <input id="token" type="password" required autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="token-message">
            <button>Show</button>
          </div>
          <p id="token-message" aria-live="polite"></p>
          <p class="note">It stays in the memory of this tab and is forgotten with it.</p>
        </form>
        <p class="unscripted">This form needs JavaScript. Without it: <code>curl -H "Authorization: Bearer $OPS_TOKEN"</code> and this address.</p>
      </section>
    </div>`;
}
