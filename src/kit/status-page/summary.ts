import { enumerate, type Html, html, nothing } from "../../core/page/html.ts";
import type { CheckDetail, HealthReport } from "../health/health-report.ts";
import { formatCount, formatReason, formatTime } from "./format.ts";

type Failing = { name: string; anchor: string; check: CheckDetail };

/** What is wrong, or that nothing is, in a sentence that can be read out on the phone. */
export function summarize(picture: HealthReport, nowMs: number): Html {
  const { phase } = picture;
  if (phase === "ready") return whileReady(picture, nowMs);
  if (phase === "starting") return html`${phases.starting} ${waitingFor(picture, nowMs)}`;
  return phases[phase];
}

const phases = {
  starting: html`This instance is starting and takes no traffic until every critical check has passed once.`,
  draining: html`This instance is shutting down as asked: it is out of rotation, finishes the requests it has, and ends.`,
  stopped: html`This instance has finished its last requests and is about to end.`,
} as const;

export const anchorOfCheck = (index: number): string => `check-${index + 1}`;

function failingChecks({ checks }: HealthReport): Failing[] {
  return Object.entries(checks)
    .map(([name, check], index) => ({ name, check, anchor: anchorOfCheck(index) }))
    .filter(({ check }) => check.status === "down" || (check.status === "unknown" && check.critical));
}

function whileReady(picture: HealthReport, nowMs: number): Html {
  const failing = failingChecks(picture);
  if (failing.length === 0) return withoutFailingChecks(picture);
  const critical = failing.filter(({ check }) => check.critical);
  const others = failing.filter(({ check }) => !check.critical);
  const inRotation = picture.status !== "unhealthy";
  const consequence = inRotation
    ? html`but this instance stays in rotation`
    : html`so this instance is out of rotation`;
  const first =
    critical.length > 0 && html`${clauses(critical, nowMs)}; ${agreeingVerb(critical)} critical, ${consequence}.`;
  const further =
    critical.length > 0
      ? html` Besides, ${clauses(others, nowMs)}, which is not critical.`
      : html`${clauses(others, nowMs)}; ${agreeingVerb(others)} not critical, so this instance stays in rotation.`;
  return html`${first}${others.length > 0 && further}`;
}

function withoutFailingChecks({ status, checks, circuitBreakers }: HealthReport): Html {
  const count = Object.keys(checks).length;
  const all = count === 1 ? html`The only check passes` : html`All ${count} checks pass`;
  if (status === "healthy") return html`${count === 0 ? html`There is no check` : all}; this instance is in rotation.`;
  const open = circuitBreakers.filter(({ state }) => state !== "closed").map(({ name }) => html`${name}`);
  const why = open.length > 0 ? html`, but not every circuit breaker is closed: ${enumerate(open)}` : nothing;
  const where = status === "unhealthy" ? "out of" : "in";
  return html`${count === 0 ? html`There is no check` : html`No check is down`}${why}; this instance is ${where} rotation.`;
}

const agreeingVerb = (failing: readonly Failing[]): string =>
  failing.length === 1 ? "it is" : failing.length === 2 ? "both are" : `all ${failing.length} are`;

const maxNamed = 3;

function clauses(failing: readonly Failing[], nowMs: number): Html {
  const named = failing.slice(0, failing.length > maxNamed ? maxNamed - 1 : maxNamed).map((one) => clause(one, nowMs));
  const left = failing.length - named.length;
  return enumerate(
    left > 0 ? [...named, html`${formatCount(left, "further check")} ${left === 1 ? "fails" : "fail"}`] : named,
  );
}

function clause({ name, anchor, check }: Failing, nowMs: number): Html {
  const what = check.status === "down" ? formatReason(check.reason) : "has not been heard of";
  return html`<a href="#${anchor}">${name}</a> ${what} since ${formatTime(check.since, nowMs)}`;
}

function waitingFor(picture: HealthReport, nowMs: number): Html {
  const down = failingChecks(picture).filter(({ check }) => check.status === "down");
  if (down.length > 0) return html`It cannot go on: ${clauses(down, nowMs)}.`;
  const unknown = failingChecks(picture).map(({ name, anchor }) => html`<a href="#${anchor}">${name}</a>`);
  return unknown.length > 0 ? html`It still waits for the first answer of ${enumerate(unknown)}.` : nothing;
}
