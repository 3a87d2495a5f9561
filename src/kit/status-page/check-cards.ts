import { type Html, html, nothing } from "../../core/page/html.ts";
import type { BreakerState, CapabilityDetail, CheckDetail, HealthReport, PageExtras } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { renderBreakerCounts, renderBreakerStatus } from "./breaker-status.ts";
import { formatCount, formatElapsed, formatFailure, formatLatency, formatReason, formatTime } from "./format.ts";
import { shape } from "./shapes.ts";
import { renderSparkline } from "./sparkline.ts";
import { anchorOfCheck } from "./summary.ts";

export function renderChecks({ checks, circuitBreakers, lastErrors }: HealthReport, extras: PageExtras): Html {
  const names = Object.keys(checks);
  const lastErrorOf = (check: string) => (Object.hasOwn(lastErrors, check) ? lastErrors[check] : undefined);
  const cards = Object.entries(checks).map(([name, check], index) => {
    const breakers = circuitBreakers.filter((breaker) => checkOf(breaker.name) === name);
    const lastError = lastErrorOf(name) ?? lastErrorOf(`${name}:write`);
    return renderCheck({ name, check, lastError, breakers, anchor: anchorOfCheck(index) }, extras);
  });
  const otherBreakers = circuitBreakers.filter(({ name }) => !names.includes(checkOf(name)));
  return html`
    <section aria-labelledby="checks">
      <h2 id="checks">Checks</h2>
      ${cards.length === 0 ? html`<p class="empty">No checks are configured.</p>` : html`<div class="cards">${cards}</div>`}
      ${circuitBreakers.length === 0 && html`<p class="empty">There are no circuit breakers.</p>`}
      ${otherBreakers.length > 0 && renderOtherBreakers(otherBreakers, extras.nowMs)}
    </section>`;
}

/** Returns the name of the check that a breaker follows. A breaker is called like its check, or `check:capability`. */
const checkOf = (breaker: string): string => breaker.split(":", 1)[0] ?? breaker;

type CheckCard = {
  name: string;
  check: CheckDetail;
  lastError: { code: string } | undefined;
  breakers: readonly BreakerState[];
  anchor: string;
};

function renderCheck({ name, check, lastError, breakers, anchor }: CheckCard, { samples, nowMs }: PageExtras): Html {
  const { tone, shape: shapeName } = appearanceOf(check.status);
  const { since, latencyMs, lastSuccessAt, lastFailureAt } = check;
  return html`
    <article class="card ${tone}" id="${anchor}" aria-labelledby="${anchor}-name" data-key="check-${name}">
      <header>
        <h3 id="${anchor}-name">${name}</h3>
        ${renderLatency(check.status, latencyMs)}
        <p class="state ${tone}">${shape(shapeName)}${check.status}</p>
        <p class="weight">${check.critical ? "critical" : "not critical"}</p>
      </header>
      ${renderRemark(name, check)}
      ${renderSparkline(name, samples(name), nowMs)}
      <dl>
        <div><dt>${capitalized(check.status)} since</dt><dd>${formatTime(since, nowMs)} (${formatElapsed(since, nowMs)})</dd></div>
        <div><dt>Failures in a row</dt><dd>${check.consecutiveFailures}</dd></div>
        <div><dt>Last success</dt><dd>${lastSuccessAt === null ? "never" : formatTime(lastSuccessAt, nowMs)}</dd></div>
        <div><dt>Last failure</dt><dd>${lastFailureAt === null ? "never" : formatTime(lastFailureAt, nowMs)}</dd></div>
        ${lastError !== undefined && html`<div><dt>Last error code</dt><dd>${lastError.code}</dd></div>`}
        ${Object.entries(check.capabilities ?? {}).map(([capability, detail]) => renderCapability(capability, detail, nowMs))}
        ${breakers.map((breaker) => html`<div class="wide"><dt>${titleOf(breaker.name, name)}</dt><dd>${renderBreakerStatus(breaker, nowMs)}</dd></div>`)}
      </dl>
      ${breakers.map((breaker) => renderBreakerCounts(breaker))}
    </article>`;
}

/** The duration of a failed check is not shown: a time-out after two seconds would look like a slow answer. */
function renderLatency(status: CheckDetail["status"], latencyMs: number | null): Html {
  if (status === "down") return html`<p class="weight">no answer</p>`;
  return latencyMs === null
    ? html`<p class="weight">not measured</p>`
    : html`<p class="latency">${formatLatency(latencyMs)}</p>`;
}

const titleOf = (breaker: string, check: string): string =>
  breaker === check ? "Circuit breaker" : `Circuit breaker of ${breaker.slice(check.length + 1)}`;

function renderCapability(
  capability: string,
  { status, critical, since, reason }: CapabilityDetail,
  nowMs: number,
): Html {
  const { tone, shape: shapeName } = appearanceOf(status);
  return html`
    <div class="wide"><dt>${capitalized(capability)}${critical && " (critical)"}</dt><dd>
      <span class="state ${tone}">${shape(shapeName)}${status}</span> since ${formatTime(since, nowMs)}${status === "down" && html`; ${formatReason(reason)}`}
    </dd></div>`;
}

/** Renders a sentence about a check that fails, recovers or has no result. */
function renderRemark(name: string, check: CheckDetail): Html {
  const { status, reason, consecutiveFailures, lastFailureAt } = check;
  const isFailing = status === "down" || status === "impaired";
  if (isFailing && consecutiveFailures > 0) {
    return html`<p class="remark">${name} ${formatFailure(check)}.</p>`;
  }
  if (isFailing)
    return html`<p class="remark">The last run passed. After one more success in a row, the check is up.</p>`;
  if (consecutiveFailures > 0) {
    const failedRuns =
      consecutiveFailures === 1 ? "The last run" : `Each of the last ${formatCount(consecutiveFailures, "run")}`;
    return html`<p class="remark">${failedRuns} failed: ${name} ${formatReason(reason)}.</p>`;
  }
  if (status === "up") return nothing;
  return html`<p class="remark">${lastFailureAt === null ? "The check has no result yet." : "The check has had no result for too long."}</p>`;
}

function renderOtherBreakers(breakers: readonly BreakerState[], nowMs: number): Html {
  const cards = breakers.map(
    (breaker) => html`
      <article class="card ${appearanceOf(breaker.state).tone}" data-key="other-${breaker.name}">
        <h4>${breaker.name}</h4>
        <p>${renderBreakerStatus(breaker, nowMs)}</p>
        ${renderBreakerCounts(breaker)}
      </article>`,
  );
  return html`<h3>Other circuit breakers</h3><div class="cards">${cards}</div>`;
}

const capitalized = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
