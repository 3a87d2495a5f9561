import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { ProbeKind } from "../../src/core/probe-kind.ts";
import { takeSnapshot } from "../../src/kit/health/snapshot.ts";
import { createProbes, type ProbeDeps } from "../../src/kit/http/probes.ts";

/** Returns the probe that the application serves at a path. */
export function probeKindOf(path: string, paths: ProbeDeps["paths"] = []): ProbeKind | undefined {
  const snapshot = takeSnapshot({ phase: "ready", startedUp: true, capabilities: [] }, 0, 1000);
  const identity = { service: "haven-api", version: "test", instance: "test" };
  const probes = createProbes({ identity, snapshot: () => snapshot, paths });
  const request = Object.assign(new IncomingMessage(new Socket()), { url: path, method: "GET" });
  probes.answer(request, new ServerResponse(request));
  return probes.counts()[0]?.probe;
}
