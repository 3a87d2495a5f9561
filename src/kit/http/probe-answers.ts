import type { Identity } from "../health/health-report.ts";
import { isReady, readiness } from "../health/judge.ts";
import { type CapabilityOfCheck, type JudgedCheck, judgeChecks } from "../health/judge-check.ts";
import type { Snapshot } from "../health/snapshot.ts";
import { kitProblems, problemBody } from "./problems.ts";

/** The body is a string: Node writes a string together with the headers, and a buffer separately. */
export type ProbeAnswer = { status: number; body: string; headers: string[] };

export const liveAnswer = ({ instance, version }: Identity, uptimeSeconds: number): ProbeAnswer =>
  json(200, { status: "alive", instance, version, uptimeSeconds });

export const readyAnswer = (snapshot: Snapshot, identity: Identity): ProbeAnswer =>
  json(snapshot.ready ? 200 : 503, readyBody(snapshot, identity, snapshot.capabilities));

export const startupAnswer = ({ startedUp, at, checks }: Snapshot, identity: Identity): ProbeAnswer =>
  json(startedUp ? 200 : 503, {
    status: startedUp ? "started" : "starting",
    ...identity,
    timestamp: iso(at),
    checks: publicChecks(checks),
  });

/** Answers the ready probe with `?verbose` or `?exclude=NAME`. */
export function readyAnswerTo(query: URLSearchParams, snapshot: Snapshot, identity: Identity): ProbeAnswer {
  const requested = new Set(query.getAll("exclude").flatMap((value) => value.split(",")));
  const known = new Set(snapshot.capabilities.flatMap(({ check, name }) => [check, name]));
  const excluded = [...known].filter((name) => requested.has(name));
  const capabilities = snapshot.capabilities.filter(({ check, name }) => !requested.has(check) && !requested.has(name));
  const unknown = [...requested].filter((name) => name !== "" && !known.has(name));
  const warnings = unknownNameWarnings(unknown);
  const status = isReady(readiness(snapshot.phase, capabilities, snapshot.exemptions.exempted)) ? 200 : 503;
  if (query.has("verbose")) return text(status, verboseLines(snapshot, capabilities, excluded, warnings));
  return json(status, {
    ...readyBody(snapshot, identity, capabilities),
    ...(excluded.length > 0 && { excluded }),
    ...(warnings.length > 0 && { warnings }),
  });
}

/** Answers `/ready/NAME` for one check or capability. The first capability of a check has the name of the check. */
export function checkAnswer(name: string, { checks, capabilities, at }: Snapshot, identity: Identity): ProbeAnswer {
  const capability = capabilities.find((candidate) => candidate.name === name);
  if (capability === undefined) return unknownCheck;
  const { status, critical } = checks.find((check) => check.name === name) ?? capability;
  const isUp = capability.status === "up";
  return json(isUp ? 200 : 503, { name, status, critical, ...identity, timestamp: iso(at) });
}

function readyBody(
  { phase, at, exemptions }: Snapshot,
  identity: Identity,
  capabilities: readonly CapabilityOfCheck[],
) {
  const status = readiness(phase, capabilities, exemptions.exempted);
  const shared = exemptions.shared.filter((name) => capabilities.some((one) => one.name === name));
  return {
    status,
    ready: isReady(status),
    ...identity,
    timestamp: iso(at),
    checks: publicChecks(judgeChecks(capabilities)),
    ...(shared.length > 0 && { sharedOutage: shared }),
  };
}

/** Returns for each check its status and whether it is critical. Reasons are left out, because probes are public. */
const publicChecks = (checks: readonly JudgedCheck[]) =>
  Object.fromEntries(checks.map(({ name, status, critical }) => [name, { status, critical }]));

function verboseLines(
  { phase, exemptions }: Snapshot,
  capabilities: readonly CapabilityOfCheck[],
  excluded: readonly string[],
  warnings: readonly string[],
): string {
  const line = ({ name, status, critical }: Pick<JudgedCheck, "name" | "status" | "critical">): string => {
    const shared = exemptions.shared.includes(name) ? " on most of the fleet" : "";
    return `[${status === "up" ? "+" : "-"}] ${name} ${status}${critical ? " (critical)" : ""}${shared}`;
  };
  // The capabilities of a check are listed only while their states differ.
  const lines = judgeChecks(capabilities).flatMap((check) => [
    line(check),
    ...(check.status === "impaired"
      ? check.capabilities.map((one) => line({ ...one, name: `${check.name}:${one.capability}` }))
      : []),
  ]);
  for (const name of excluded) lines.push(`[ ] ${name} excluded`);
  for (const warning of warnings) lines.push(`warning: ${warning}`);
  lines.push(`status: ${readiness(phase, capabilities, exemptions.exempted)}`);
  return `${lines.join("\n")}\n`;
}

const maxWarnings = 10;

/**
 * Returns at most `maxWarnings` warnings and the number of further ones, because a query may contain thousands of
 * names.
 */
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
