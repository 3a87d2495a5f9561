import type { Identity } from "../health/health-report.ts";
import { isReady, type JudgedCheck, readiness } from "../health/judge.ts";
import type { Snapshot } from "../health/snapshot.ts";
import { kitProblems, problemBody } from "./problems.ts";

/** The body is a string: Node writes a string together with the headers, and a buffer separately. */
export type ProbeAnswer = { status: number; body: string; headers: string[] };

export const liveAnswer = ({ instance, version }: Identity, uptimeSeconds: number): ProbeAnswer =>
  json(200, { status: "alive", instance, version, uptimeSeconds });

export const readyAnswer = (snapshot: Snapshot, identity: Identity): ProbeAnswer =>
  json(snapshot.ready ? 200 : 503, readyBody(snapshot, identity, snapshot.checks));

export const startupAnswer = ({ startedUp, at, checks }: Snapshot, identity: Identity): ProbeAnswer =>
  json(startedUp ? 200 : 503, {
    status: startedUp ? "started" : "starting",
    ...identity,
    timestamp: iso(at),
    checks: publicChecks(checks),
  });

/** The ready probe with `?verbose` or `?exclude=NAME`. */
export function readyAnswerTo(query: URLSearchParams, snapshot: Snapshot, identity: Identity): ProbeAnswer {
  const named = new Set(query.getAll("exclude").flatMap((value) => value.split(",")));
  const excluded = snapshot.checks.filter(({ name }) => named.has(name)).map(({ name }) => name);
  const checks = snapshot.checks.filter(({ name }) => !named.has(name));
  for (const name of ["", ...excluded]) named.delete(name);
  const warnings = unknownNameWarnings([...named]);
  const status = isReady(readiness(snapshot.phase, checks, snapshot.exemptions.exempted)) ? 200 : 503;
  if (query.has("verbose")) return text(status, verboseLines(snapshot, checks, excluded, warnings));
  return json(status, {
    ...readyBody(snapshot, identity, checks),
    ...(excluded.length > 0 && { excluded }),
    ...(warnings.length > 0 && { warnings }),
  });
}

/** `/ready/NAME`: one check alone. */
export function checkAnswer(checkName: string, { checks, at }: Snapshot, identity: Identity): ProbeAnswer {
  const check = checks.find(({ name }) => name === checkName);
  if (check === undefined) return unknownCheck;
  const { name, status, critical } = check;
  return json(status === "up" ? 200 : 503, { name, status, critical, ...identity, timestamp: iso(at) });
}

function readyBody({ phase, at, exemptions }: Snapshot, identity: Identity, checks: readonly JudgedCheck[]) {
  const status = readiness(phase, checks, exemptions.exempted);
  const shared = exemptions.shared.filter((name) => checks.some((check) => check.name === name));
  return {
    status,
    ready: isReady(status),
    ...identity,
    timestamp: iso(at),
    checks: publicChecks(checks),
    ...(shared.length > 0 && { sharedOutage: shared }),
  };
}

/** Probes are public: status and weight of each check, and no reason. */
const publicChecks = (checks: readonly JudgedCheck[]) =>
  Object.fromEntries(checks.map(({ name, status, critical }) => [name, { status, critical }]));

function verboseLines(
  { phase, exemptions }: Snapshot,
  checks: readonly JudgedCheck[],
  excluded: readonly string[],
  warnings: readonly string[],
): string {
  const lines = checks.map(({ name, status, critical }) => {
    const shared = exemptions.shared.includes(name) ? " on most of the fleet" : "";
    return `[${status === "up" ? "+" : "-"}] ${name} ${status}${critical ? " (critical)" : ""}${shared}`;
  });
  for (const name of excluded) lines.push(`[ ] ${name} excluded`);
  for (const warning of warnings) lines.push(`warning: ${warning}`);
  lines.push(`status: ${readiness(phase, checks, exemptions.exempted)}`);
  return `${lines.join("\n")}\n`;
}

const maxWarnings = 10;

/** Bounded: a query may hold thousands of names, and the answer must stay small. */
function unknownNameWarnings(unknown: readonly string[]): string[] {
  const warnings = unknown
    .slice(0, maxWarnings)
    .map((name) => `unknown check ${JSON.stringify(name.slice(0, 64).toWellFormed())}`);
  if (unknown.length > maxWarnings) warnings.push(`${unknown.length - maxWarnings} more unknown checks`);
  return warnings;
}

const iso = (at: number): string => new Date(at).toISOString();

const json = (status: number, body: object): ProbeAnswer =>
  answer(status, "application/json; charset=utf-8", JSON.stringify(body));

const text = (status: number, body: string): ProbeAnswer => answer(status, "text/plain; charset=utf-8", body);

function answer(status: number, contentType: string, body: string, more: readonly string[] = []): ProbeAnswer {
  const headers = [
    "Content-Type",
    contentType,
    "Content-Length",
    String(Buffer.byteLength(body)),
    "Cache-Control",
    "no-store",
    "X-Content-Type-Options",
    "nosniff",
    ...more,
  ];
  return { status, body, headers };
}

const problem = (code: "not_found" | "method_not_allowed", detail: string, more: readonly string[] = []): ProbeAnswer =>
  answer(kitProblems[code].status, "application/problem+json", problemBody(code, detail), more);

const unknownCheck = problem("not_found", "Check not found. GET /ready lists all checks.");

export const methodNotAllowed = problem("method_not_allowed", "Probes support GET and HEAD.", ["Allow", "GET, HEAD"]);
