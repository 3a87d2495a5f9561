import { tmpdir } from "node:os";
import type { CheckName } from "../config/parsers.ts";
import type { Config } from "../config/read-config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { EventLoopWatch } from "../http/listener/overload.ts";
import type { Trust } from "../http/listener/proxy-trust.ts";
import { requestIdOf } from "../http/listener/request-context.ts";
import { sendProblem } from "../http/problem.ts";
import { diskCheck, eventLoopCheck, memoryCheck, readMemory } from "../kit/checks/process-checks.ts";
import type { Check } from "../kit/health/check.ts";
import type { FleetReport, Identity } from "../kit/health/health-report.ts";
import type { Change } from "../kit/health/history.ts";
import type { ReadinessPolicy } from "../kit/health/readiness-policy.ts";
import { createHealthKit } from "../kit/health-kit.ts";
import { addBreakerMetrics } from "../metrics/breakers.ts";
import { createHealthMetrics } from "../metrics/health.ts";
import { createHttpMetrics } from "../metrics/http.ts";
import { addMemoryMetrics } from "../metrics/memory.ts";
import type { Metrics } from "../metrics/registry.ts";

export type HealthDeps = {
  config: Config;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  identity: Identity;
  eventLoop: EventLoopWatch;
  trust: Trust;
  policy: ReadinessPolicy;
  fleet(): FleetReport;
  stack: AsyncDisposableStack;
};

/** The health kit, and the metrics of what it measures. */
export function composeHealth(deps: HealthDeps) {
  const { config, clock, logger, metrics, identity, eventLoop, trust, policy, fleet, stack } = deps;
  const kit = createHealthKit({
    identity,
    clock,
    policy,
    intervalMs: config.health.intervalMs,
    timeoutMs: config.health.timeoutMs,
    probePaths: config.health.paths,
    eventLoop,
    requests: { totals: () => httpMetrics.totals(), shedding: eventLoop.isShedding },
    operators: {
      token: config.health.opsToken,
      exposeMetrics: metrics.expose,
      fleet,
      sendError: sendProblem,
      requestIdOf: (request) => requestIdOf(request, trust),
      onUnexpectedError: (error, requestId) => logger.error({ err: error, requestId }, "operator endpoint failed"),
    },
    onResult: (name, observation) => healthMetrics.observe(name, observation),
    onChange: ({ at: _, ...change }) => logger[isWorse(change) ? "warn" : "info"]({ change }, inWords(change)),
  });
  stack.defer(kit.stop);
  const { lifecycle, connections, history, probes } = kit;

  addBreakerMetrics(metrics, kit.breakers.all);
  addMemoryMetrics(metrics, readMemory);
  const healthMetrics = createHealthMetrics(metrics, {
    checks: () => kit.snapshot().checks,
    ready: () => kit.snapshot().ready,
    phase: () => lifecycle.current().phase,
    probes: probes.counts,
    changes: history.counts,
  });
  const httpMetrics = createHttpMetrics(metrics, {
    inFlight: connections.inFlight,
    connections: connections.sockets,
    bytes: connections.bytes,
    shedCount: eventLoop.shedCount,
  });
  return { kit, httpMetrics };
}

const inWords = ({ name, from, to, reason }: Omit<Change, "at">): string =>
  `${name} went from ${from} to ${to}${reason === null ? "" : ` (${reason})`}`;

const isWorse = ({ to }: Pick<Change, "to">): boolean => to === "down" || to === "not_ready" || to === "open";

/** Checks of the process itself, beside those of the services. */
export function processChecks({ config, eventLoop }: Pick<HealthDeps, "config" | "eventLoop">): readonly Check[] {
  const critical = (name: CheckName) => config.health.requires.includes(name);
  return [
    eventLoopCheck(eventLoop, critical("event-loop")),
    memoryCheck(readMemory, critical("memory")),
    diskCheck(tmpdir(), critical("disk")),
  ];
}
