import { enumerate, type Html, html, nothing } from "../../core/page/html.ts";
import type { CheckDetail, HealthReport } from "../health/health-report.ts";
import { formatCount, formatFailure, formatTime } from "./format.ts";

type Failing = { name: string; anchor: string; check: CheckDetail };

/** Returns the state in one sentence: the failing checks, the reasons, and the consequence. */
export function summarize(report: HealthReport, nowMs: number): Html {
  const { phase } = report;
  if (phase === "ready") return summarizeReady(report, nowMs);
  if (phase === "starting") return html`${phases.starting} ${describeWait(report, nowMs)}`;
  return phases[phase];
}

const phases = {
  starting: html`This instance is starting and receives no requests until every critical check has passed once.`,
  draining: html`This instance is shutting down on request: it is out of rotation, finishes its requests, and exits.`,
  stopped: html`This instance has finished its last requests and is about to exit.`,
} as const;

export const anchorOfCheck = (index: number): string => `check-${index + 1}`;

function failingChecks({ checks }: HealthReport): Failing[] {
  return Object.entries(checks)
    .map(([name, check], index) => ({ name, check, anchor: anchorOfCheck(index) }))
    .filter(({ check: { status, critical } }) => isFailing(status) || (status === "unknown" && critical));
}

const isFailing = (status: CheckDetail["status"]): boolean => status === "down" || status === "impaired";

function summarizeReady(report: HealthReport, nowMs: number): Html {
  const failing = failingChecks(report);
  if (failing.length === 0) return summarizeWithoutFailure(report);
  const critical = failing.filter(({ check }) => check.critical);
  const others = failing.filter(({ check }) => !check.critical);
  const isInRotation = report.status !== "unhealthy";
  const consequence = isInRotation
    ? html`but this instance stays in rotation`
    : html`so this instance is out of rotation`;
  const criticalSentence =
    critical.length > 0 && html`${clauses(critical, nowMs)}; ${agreeingVerb(critical)} critical, ${consequence}.`;
  const otherSentence =
    critical.length > 0
      ? html` Besides, ${clauses(others, nowMs)}, which ${others.length === 1 ? "is" : "are"} not critical.`
      : html`${clauses(others, nowMs)}; ${agreeingVerb(others)} not critical, so this instance stays in rotation.`;
  return html`${criticalSentence}${others.length > 0 && otherSentence}`;
}

function summarizeWithoutFailure({ status, checks, circuitBreakers }: HealthReport): Html {
  const count = Object.keys(checks).length;
  const all = count === 1 ? html`The only check passes` : html`All ${count} checks pass`;
  if (status === "healthy")
    return html`${count === 0 ? html`There are no checks` : all}; this instance is in rotation.`;
  const open = circuitBreakers.filter(({ state }) => state !== "closed").map(({ name }) => html`${name}`);
  const why = open.length > 0 ? html`, but not every circuit breaker is closed: ${enumerate(open)}` : nothing;
  const where = status === "unhealthy" ? "out of" : "in";
  return html`${count === 0 ? html`There are no checks` : html`No check is down`}${why}; this instance is ${where} rotation.`;
}

const agreeingVerb = (failing: readonly Failing[]): string =>
  failing.length === 1 ? "it is" : failing.length === 2 ? "both are" : `all ${failing.length} are`;

const maxNamed = 3;

function clauses(failing: readonly Failing[], nowMs: number): Html {
  const maxClauses = failing.length > maxNamed ? maxNamed - 1 : maxNamed;
  const named = failing.slice(0, maxClauses).map((check) => clause(check, nowMs));
  const further = failing.length - named.length;
  return enumerate(
    further > 0
      ? [...named, html`${formatCount(further, "further check")} ${further === 1 ? "fails" : "fail"}`]
      : named,
  );
}

function clause({ name, anchor, check }: Failing, nowMs: number): Html {
  const what = isFailing(check.status) ? formatFailure(check) : "has had no result";
  return html`<a href="#${anchor}">${name}</a> ${what} since ${formatTime(check.since, nowMs)}`;
}

/** Describes what the start of the instance waits for. */
function describeWait(report: HealthReport, nowMs: number): Html {
  const down = failingChecks(report).filter(({ check }) => isFailing(check.status));
  if (down.length > 0) return html`The start is blocked: ${clauses(down, nowMs)}.`;
  const unknown = failingChecks(report).map(({ name, anchor }) => html`<a href="#${anchor}">${name}</a>`);
  return unknown.length > 0 ? html`It is waiting for the first result of ${enumerate(unknown)}.` : nothing;
}
