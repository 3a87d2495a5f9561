import { totalmem } from "node:os";
import { type Html, html, nothing } from "../../core/page/html.ts";
import type { HealthReport, HttpFacts, SystemFacts } from "../health/health-report.ts";
import { formatBytes, formatCount, formatLatency, formatPercent, formatRate } from "./format.ts";
import { shape, type Tone } from "./shapes.ts";

type Meter = {
  label: string;
  value: string;
  note: string;
  /** How full the bar is, 0 to 1; no bar if there is no limit to compare with. */
  share?: number;
  /** The shares from which the meter shows a warning and an alarm. */
  limits?: readonly [high: number, tooHigh: number];
  /** The check that judges the same figure. While it passes, the meter shows no alarm. */
  check?: "event-loop" | "memory";
};

export function renderMeters(report: HealthReport): Html {
  const { system, http } = report;
  const render = (meter: Meter) => renderMeter(meter, report);
  return html`
    <section aria-labelledby="load">
      <h2 id="load">Load</h2>
      <h3>Process</h3>
      <dl class="meters">${processMeters(system).map(render)}</dl>
      ${renderHandles(system.handles)}
      <h3>Requests</h3>
      <dl class="meters">${requestMeters(http, report.uptimeSeconds).map(render)}${renderShedding(http.shedding)}</dl>
    </section>`;
}

// The bar of the delay is full at 200 ms.
const fullDelayMs = 200;

function processMeters({ eventLoop, memory, cpu }: SystemFacts): Meter[] {
  const { rssBytes, limitBytes, heapUsedBytes, heapLimitBytes } = memory;
  return [
    {
      label: "Event loop delay",
      value: formatLatency(eventLoop.delayMs),
      note: `how late timers fire; at most ${formatLatency(eventLoop.longestDelayMs)} in 10 s`,
      share: eventLoop.delayMs / fullDelayMs,
      limits: [0.25, 0.5],
      check: "event-loop",
    },
    {
      label: "Event loop utilization",
      value: formatPercent(eventLoop.utilization),
      note: "share of time",
      share: eventLoop.utilization,
      limits: [0.75, 0.95],
      check: "event-loop",
    },
    {
      label: "Memory",
      value: formatBytes(rssBytes),
      ...(limitBytes === null
        ? {
            note: `of ${formatBytes(totalmem())} of this machine; no limit is set`,
            share: rssBytes / totalmem(),
            limits: [0.8, 0.92],
          }
        : { note: `of ${formatBytes(limitBytes)} allowed`, share: rssBytes / limitBytes, limits: [0.8, 0.92] }),
      check: "memory",
    },
    {
      label: "Heap",
      value: formatBytes(heapUsedBytes),
      note: `of ${formatBytes(heapLimitBytes)} at most`,
      share: heapUsedBytes / heapLimitBytes,
      limits: [0.75, 0.9],
      check: "memory",
    },
    {
      label: "CPU",
      value: formatPercent(cpu.utilization),
      note: `of one core; ${formatCount(cpu.cores, "core")} here`,
      share: cpu.utilization,
      limits: [0.8, 0.95],
    },
  ];
}

function requestMeters(http: HttpFacts, uptimeSeconds: number): Meter[] {
  const { inFlight, connections, requestsPerSecond, errorsPerSecond, day } = http;
  const share = requestsPerSecond > 0 ? errorsPerSecond / requestsPerSecond : 0;
  return [
    { label: "Requests per second", value: formatRate(requestsPerSecond), note: `${inFlight} in flight` },
    {
      label: "Errors per second",
      value: formatRate(errorsPerSecond),
      note: formatErrorShare(requestsPerSecond, share),
      share,
      limits: [0.01, 0.05],
    },
    errorBudgetMeter(day, uptimeSeconds),
    { label: "Connections", value: String(connections), note: "open now" },
  ];
}

/** The share of failed requests that the availability objective allows; monitoring/rules/slo.yml has the same value. */
export const allowedFailures = 0.001;

function errorBudgetMeter({ requests, errors, hours }: HttpFacts["day"], uptimeSeconds: number): Meter {
  const period = uptimeSeconds < hours * 3600 ? "since the start" : `in ${formatCount(hours, "hour")}`;
  const spent = requests === 0 ? 0 : errors / (requests * allowedFailures);
  return {
    label: "Error budget spent",
    value: formatPercent(spent),
    note: `${errors} of ${formatCount(requests, "request")} failed ${period}; ${formatPercent(allowedFailures, 1)} may fail`,
    share: spent,
    limits: [0.5, 1],
  };
}

function formatErrorShare(requestsPerSecond: number, share: number): string {
  if (requestsPerSecond <= 0) return "no requests";
  return share === 0 ? "no failed requests" : `${formatPercent(share, 1)} of the requests`;
}

function renderMeter(meter: Meter, { checks }: Pick<HealthReport, "checks">): Html {
  const { label, value, note, share } = meter;
  const filledShare = Math.min(1, Math.max(0, share ?? 0));
  const [tone, alarm] = toneAndAlarm(meter, filledShare, checks);
  // On one line, because line breaks are removed from the page.
  const range = html`aria-valuemin="0" aria-valuemax="100" aria-valuenow="${Math.round(filledShare * 100)}"`;
  const bar = html`
    <svg class="bar" role="meter" aria-label="${label}" ${range} aria-valuetext="${value}, ${note}" viewBox="0 0 100 1" preserveAspectRatio="none">
      <rect class="track" width="100" height="1"/><rect class="fill" width="${Math.round(filledShare * 1000) / 10}" height="1"/>
    </svg>`;
  const warning = html`<span class="state ${tone}">${shape(tone === "bad" ? "octagon" : "triangle")}${alarm}</span>`;
  return html`
    <div class="${tone}" data-key="${label}">
      <dt>${label}</dt>
      <dd><span class="value">${value}</span>${alarm !== "" && warning}${share === undefined ? nothing : bar}<span class="note">${note}</span></dd>
    </div>`;
}

function toneAndAlarm(
  { limits = [1, 1], check }: Meter,
  filledShare: number,
  checks: HealthReport["checks"],
): [Tone, string] {
  const checkPasses = check !== undefined && checks[check]?.status === "up";
  if (filledShare >= limits[1] && !checkPasses) return ["bad", "too high"];
  return filledShare >= limits[0] ? ["warn", "high"] : ["good", ""];
}

const renderShedding = (shedding: boolean): Html => html`
  <div class="${shedding ? "bad" : "good"}" data-key="shedding">
    <dt>Shedding</dt>
    <dd><span class="value">${shedding ? "yes" : "no"}</span>${
      shedding && html`<span class="state bad">${shape("octagon")}overloaded</span>`
    }<span class="note">${shedding ? "API requests get 503 until the event loop recovers" : "all requests are admitted"}</span></dd>
  </div>`;

function renderHandles(handles: SystemFacts["handles"]): Html {
  const kinds = Object.entries(handles);
  if (kinds.length === 0) return nothing;
  const total = kinds.reduce((sum, [, count]) => sum + count, 0);
  return html`
    <details data-key="handles">
      <summary>${formatCount(total, "open handle")}</summary>
      <dl class="numbers">${kinds.map(([kind, count]) => html`<div><dt>${kind}</dt><dd>${count}</dd></div>`)}</dl>
    </details>`;
}
