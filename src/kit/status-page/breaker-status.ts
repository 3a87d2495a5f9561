import { type Html, html, nothing } from "../../core/page/html.ts";
import type { BreakerState } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { formatTime } from "./format.ts";
import { shape } from "./shapes.ts";

/** Renders the state of a breaker, and what happens to calls. */
export function renderBreakerStatus(breaker: BreakerState, nowMs: number): Html {
  const { tone, shape: name } = appearanceOf(breaker.state);
  return html`
    <span class="state ${tone}">${shape(name)}${breaker.state.replaceAll("_", " ")}</span> ${describeState(breaker, nowMs)}`;
}

function describeState({ state, since, nextAttemptAt }: BreakerState, nowMs: number): Html {
  const sinceText = html`since ${formatTime(since, nowMs)}`;
  if (state === "closed") return html`${sinceText}; calls pass`;
  if (state === "half_open") return html`${sinceText}; the trial is running, other calls are rejected`;
  const isDue = nextAttemptAt === null || Date.parse(nextAttemptAt) <= nowMs;
  return html`${sinceText}; calls are rejected; next trial ${isDue ? "now" : html`at ${formatTime(nextAttemptAt, nowMs)}`}`;
}

export function renderBreakerCounts({ name, stats }: BreakerState): Html {
  const numbers = Object.entries(stats);
  if (numbers.length === 0) return nothing;
  return html`
    <details data-key="breaker-${name}">
      <summary>Numbers of breaker ${name}</summary>
      <dl class="numbers">${numbers.map(
        ([stat, value]) =>
          html`<div><dt>${stat.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()}</dt><dd>${round(value)}</dd></div>`,
      )}</dl>
    </details>`;
}

const round = (value: number): number => Math.round(value * 100) / 100;
