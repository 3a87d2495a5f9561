import type { IncomingMessage, ServerResponse } from "node:http";
import { isReady, type JudgedCheck, readiness } from "../health/judge.ts";
import type { Snapshot } from "../health/snapshot.ts";

export type ProbeKind = "live" | "ready" | "startup";

export type ProbeDeps = {
  identity: { service: string; version: string; instance: string };
  snapshot(): Snapshot;
  /** Further paths, or other meanings for the usual ones. */
  paths?: readonly { path: string; probe: ProbeKind }[];
};

export const usualPaths: Readonly<Record<ProbeKind, readonly string[]>> = {
  live: ["/alive", "/live", "/livez", "/health/live"],
  ready: ["/ready", "/readyz", "/health/ready", "/health"],
  startup: ["/startup", "/startupz", "/health/startup"],
};

/** The body is a string: it leaves with the headers in one write, which a buffer does not. */
type Answer = { status: number; body: string; headers: string[] };

/**
 * Answers probes from bytes that are made when the snapshot changes. Nothing here waits, and nothing here asks a
 * dependency, whatever the rate of the probes.
 */
export function createProbes({ identity, snapshot, paths = [] }: ProbeDeps) {
  const kinds = new Map<string, ProbeKind>();
  for (const kind of ["live", "ready", "startup"] as const) for (const path of usualPaths[kind]) kinds.set(path, kind);
  for (const { path, probe } of paths) kinds.set(path, probe);

  const prepare = {
    live: prepareLive(identity),
    ready: remember(snapshot, readyAnswer),
    startup: remember(snapshot, startupAnswer),
  };
  const counts = new Map<string, { probe: ProbeKind; status: number; count: number }>();

  function readyAnswer(now: Snapshot): Answer {
    return json(now.ready ? 200 : 503, readyBody(now, now.checks));
  }

  function startupAnswer(now: Snapshot): Answer {
    const status = now.startedUp ? "started" : "starting";
    return json(now.startedUp ? 200 : 503, {
      status,
      ...identity,
      timestamp: iso(now.at),
      checks: publicChecks(now.checks),
    });
  }

  function readyBody(now: Snapshot, checks: readonly JudgedCheck[], more: object = {}) {
    const status = readiness(now.phase, checks, now.exemptions.exempted);
    const shared = now.exemptions.shared.filter((name) => checks.some((check) => check.name === name));
    return {
      status,
      ready: isReady(status),
      ...identity,
      timestamp: iso(now.at),
      checks: publicChecks(checks),
      ...(shared.length > 0 && { sharedOutage: shared }),
      ...more,
    };
  }

  /** The forms of the ready probe that are asked by people: by name, with words, with checks left out. */
  function askedFor(query: URLSearchParams): Answer {
    const now = snapshot();
    const asked = new Set(query.getAll("exclude").flatMap((value) => value.split(",")));
    const excluded = now.checks.filter(({ name }) => asked.has(name)).map(({ name }) => name);
    const checks = now.checks.filter(({ name }) => !asked.has(name));
    for (const name of ["", ...excluded]) asked.delete(name);
    const warnings = warningsAbout([...asked]);
    const ready = isReady(readiness(now.phase, checks, now.exemptions.exempted));
    if (query.has("verbose")) return text(ready ? 200 : 503, verboseLines(now, checks, excluded, warnings));
    const more = { ...(excluded.length > 0 && { excluded }), ...(warnings.length > 0 && { warnings }) };
    return json(ready ? 200 : 503, readyBody(now, checks, more));
  }

  function oneCheck(name: string): Answer | undefined {
    const now = snapshot();
    const check = now.checks.find((one) => one.name === name);
    if (check === undefined) return undefined;
    const { status, critical } = check;
    return json(status === "up" ? 200 : 503, { name, status, critical, ...identity, timestamp: iso(now.at) });
  }

  function count(probe: ProbeKind, status: number): void {
    const key = status === 200 ? probe : `${probe} ${status}`;
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { probe, status, count: 1 });
    else entry.count += 1;
  }

  function find(url: string): { kind: ProbeKind; answer: Answer } | undefined {
    const exact = kinds.get(url);
    if (exact !== undefined) return { kind: exact, answer: prepare[exact]() };
    const mark = url.indexOf("?");
    const path = (mark === -1 ? url : url.slice(0, mark)).replace(/(.)\/$/, "$1");
    const kind = kinds.get(path);
    if (kind === undefined) {
      const name = /^\/ready\/([^/]+)$/.exec(path)?.[1];
      return name === undefined ? undefined : { kind: "ready", answer: oneCheck(name) ?? noCheck };
    }
    const query = mark === -1 ? "" : url.slice(mark + 1);
    const asked = kind === "ready" && /(?:^|&)(?:verbose|exclude)/.test(query);
    return { kind, answer: asked ? askedFor(new URLSearchParams(query)) : prepare[kind]() };
  }

  return {
    /** False where the request is not a probe. */
    answer(request: IncomingMessage, response: ServerResponse): boolean {
      const found = find(request.url ?? "");
      if (found === undefined) return false;
      const { method } = request;
      if (method !== "GET" && method !== "HEAD") {
        response.writeHead(405, methodNotAllowed.headers).end(methodNotAllowed.body);
        return true;
      }
      const { answer, kind } = found;
      count(kind, answer.status);
      response.writeHead(answer.status, answer.headers);
      response.end(method === "HEAD" ? undefined : answer.body);
      return true;
    },
    counts: () => [...counts.values()],
  };
}

export type Probes = ReturnType<typeof createProbes>;

/** Makes an answer once for each snapshot. */
function remember(snapshot: () => Snapshot, make: (now: Snapshot) => Answer): () => Answer {
  let of: Snapshot | undefined;
  let answer: Answer | undefined;
  return () => {
    const now = snapshot();
    if (answer === undefined || of !== now) {
      of = now;
      answer = make(now);
    }
    return answer;
  };
}

/** The process can say this about itself without asking anything; the body changes once a second. */
function prepareLive({ instance, version }: ProbeDeps["identity"]): () => Answer {
  let second = -1;
  let answer: Answer | undefined;
  return () => {
    const uptimeSeconds = Math.floor(performance.now() / 1000);
    if (answer === undefined || uptimeSeconds !== second) {
      second = uptimeSeconds;
      answer = json(200, { status: "alive", instance, version, uptimeSeconds });
    }
    return answer;
  };
}

const publicChecks = (checks: readonly JudgedCheck[]) =>
  Object.fromEntries(checks.map(({ name, status, critical }) => [name, { status, critical }]));

function verboseLines(
  now: Snapshot,
  checks: readonly JudgedCheck[],
  excluded: readonly string[],
  warnings: readonly string[],
): string {
  const lines = checks.map(
    ({ name, status, critical }) =>
      `[${status === "up" ? "+" : "-"}] ${name} ${status}${critical ? " (critical)" : ""}${sharedOutage(now, name)}`,
  );
  for (const name of excluded) lines.push(`[ ] ${name} excluded`);
  for (const warning of warnings) lines.push(`warning: ${warning}`);
  lines.push(`status: ${readiness(now.phase, checks, now.exemptions.exempted)}`);
  return `${lines.join("\n")}\n`;
}

const sharedOutage = ({ exemptions }: Snapshot, name: string): string =>
  exemptions.shared.includes(name) ? " on most of the fleet" : "";

/** One for each unknown name, up to a few: the query may hold thousands, and the answer stays small. */
function warningsAbout(unknown: readonly string[]): string[] {
  const warnings = unknown
    .slice(0, maxWarnings)
    .map((name) => `there is no check called ${JSON.stringify(name.slice(0, 64).toWellFormed())}`);
  if (unknown.length > maxWarnings) warnings.push(`${unknown.length - maxWarnings} more unknown names`);
  return warnings;
}

const maxWarnings = 10;

const iso = (at: number): string => new Date(at).toISOString();

const json = (status: number, body: object): Answer =>
  answerOf(status, "application/json; charset=utf-8", JSON.stringify(body));

const text = (status: number, body: string): Answer => answerOf(status, "text/plain; charset=utf-8", body);

function answerOf(status: number, type: string, body: string): Answer {
  const headers = [
    "Content-Type",
    type,
    "Content-Length",
    String(Buffer.byteLength(body)),
    "Cache-Control",
    "no-store",
    "X-Content-Type-Options",
    "nosniff",
  ];
  return { status, body, headers };
}

const noCheck = answerOf(
  404,
  "application/problem+json",
  JSON.stringify({
    type: "/api/problems/not_found",
    title: "There is no such thing here",
    status: 404,
    detail: "There is no check of this name; GET /ready lists them.",
    code: "not_found",
  }),
);

const methodNotAllowed = answerOf(
  405,
  "application/problem+json",
  JSON.stringify({
    type: "/api/problems/method_not_allowed",
    title: "This method is not allowed here",
    status: 405,
    detail: "Probes answer GET and HEAD.",
    code: "method_not_allowed",
  }),
);
methodNotAllowed.headers.push("Allow", "GET, HEAD");
