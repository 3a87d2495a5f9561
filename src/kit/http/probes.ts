import type { IncomingMessage, ServerResponse } from "node:http";
import type { ProbeKind, ProbePath } from "../../core/probe-kind.ts";
import type { Identity } from "../health/health-report.ts";
import type { Snapshot } from "../health/snapshot.ts";
import {
  checkAnswer,
  liveAnswer,
  methodNotAllowed,
  type ProbeAnswer,
  readyAnswer,
  readyAnswerTo,
  startupAnswer,
} from "./probe-answers.ts";
import { splitTarget } from "./request-target.ts";

export type ProbeDeps = {
  identity: Identity;
  snapshot(): Snapshot;
  /** Paths in addition to the default ones. A default path in this list serves the probe given here. */
  paths?: readonly ProbePath[];
};

export const defaultProbePaths: Readonly<Record<ProbeKind, readonly string[]>> = {
  live: ["/alive", "/live", "/livez", "/health/live"],
  ready: ["/ready", "/readyz", "/health/ready", "/health"],
  startup: ["/startup", "/startupz", "/health/startup"],
};

/** Answers probes with prepared bytes, which are renewed only when the snapshot changes. No probe calls a dependency. */
export function createProbes({ identity, snapshot, paths = [] }: ProbeDeps) {
  const kindsByPath = new Map<string, ProbeKind>();
  for (const kind of ["live", "ready", "startup"] as const) {
    for (const path of defaultProbePaths[kind]) kindsByPath.set(path, kind);
  }
  for (const { path, probe } of paths) kindsByPath.set(splitTarget(path).path, probe);

  const prepared: Readonly<Record<ProbeKind, () => ProbeAnswer>> = {
    live: prepareLive(identity),
    ready: preparePerSnapshot(snapshot, (current) => readyAnswer(current, identity)),
    startup: preparePerSnapshot(snapshot, (current) => startupAnswer(current, identity)),
  };
  const counts = new Map<string, { probe: ProbeKind; status: number; count: number }>();

  function count(probe: ProbeKind, status: number): void {
    const key = status === 200 ? probe : `${probe} ${status}`;
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { probe, status, count: 1 });
    else entry.count += 1;
  }

  function findProbe(url: string): { kind: ProbeKind; answer: ProbeAnswer } | undefined {
    const exactKind = kindsByPath.get(url);
    if (exactKind !== undefined) return { kind: exactKind, answer: prepared[exactKind]() };
    const { path, query } = splitTarget(url);
    const kind = kindsByPath.get(path);
    if (kind === undefined) {
      const name = /^\/ready\/([^/]+)$/.exec(path)?.[1];
      if (name === undefined) return undefined;
      // Many clients encode the colon of `postgres:write`.
      return { kind: "ready", answer: checkAnswer(name.replace(/%3A/i, ":"), snapshot(), identity) };
    }
    const hasOptions = kind === "ready" && /(?:^|&)(?:verbose|exclude)/.test(query);
    const answer = hasOptions ? readyAnswerTo(new URLSearchParams(query), snapshot(), identity) : prepared[kind]();
    return { kind, answer };
  }

  return {
    /** Returns false if the request is not a probe. */
    answer(request: IncomingMessage, response: ServerResponse): boolean {
      const probe = findProbe(request.url ?? "");
      if (probe === undefined) return false;
      const { method } = request;
      if (method !== "GET" && method !== "HEAD") {
        response.writeHead(methodNotAllowed.status, methodNotAllowed.headers).end(methodNotAllowed.body);
        return true;
      }
      const { answer, kind } = probe;
      count(kind, answer.status);
      response.writeHead(answer.status, answer.headers);
      response.end(method === "HEAD" ? undefined : answer.body);
      return true;
    },
    /** Returns the number of answered probes by kind and status, for metrics. */
    counts: () => [...counts.values()],
  };
}

export type Probes = ReturnType<typeof createProbes>;

/** Returns a function that makes an answer only when the snapshot has changed. */
function preparePerSnapshot(snapshot: () => Snapshot, make: (current: Snapshot) => ProbeAnswer): () => ProbeAnswer {
  let preparedFrom: Snapshot | undefined;
  let answer: ProbeAnswer | undefined;
  return () => {
    const current = snapshot();
    if (answer === undefined || preparedFrom !== current) {
      preparedFrom = current;
      answer = make(current);
    }
    return answer;
  };
}

/** Returns a function that makes an answer once a second, because the answer contains the uptime in seconds. */
function prepareLive(identity: Identity): () => ProbeAnswer {
  let preparedFor = -1;
  let answer: ProbeAnswer | undefined;
  return () => {
    const uptimeSeconds = Math.floor(performance.now() / 1000);
    if (answer === undefined || uptimeSeconds !== preparedFor) {
      preparedFor = uptimeSeconds;
      answer = liveAnswer(identity, uptimeSeconds);
    }
    return answer;
  };
}
