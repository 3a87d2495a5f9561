import { tmpdir } from "node:os";
import type { CheckName } from "../config/parsers/checks-and-probes.ts";
import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Certificates } from "../core/network/certificate-watch.ts";
import type { Clock } from "../core/timing/clock.ts";
import type { Tracer } from "../core/tracer.ts";
import { createEvidence } from "../evidence/evidence.ts";
import { createLogLevel } from "../evidence/log-level.ts";
import { evidenceRoutes } from "../evidence/routes.ts";
import { record } from "../evidence/take-capture.ts";
import type { Trust } from "../http/listener/proxy-trust.ts";
import { requestIdOf } from "../http/listener/request-context.ts";
import { sendProblem } from "../http/problem.ts";
import { diskCheck } from "../kit/checks/disk.ts";
import { eventLoopCheck } from "../kit/checks/event-loop.ts";
import { memoryCheck } from "../kit/checks/memory.ts";
import { createHealth } from "../kit/create-health.ts";
import type { Check } from "../kit/health/check.ts";
import type { FleetReport, Identity } from "../kit/health/health-report.ts";
import type { Change } from "../kit/health/history.ts";
import type { ReadinessPolicy } from "../kit/health/readiness-policy.ts";
import type { EventLoopWatch } from "../kit/overload/event-loop-watch.ts";
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
  certificates: Certificates["all"];
  recentLogLines(): readonly string[];
  tracer: Tracer;
  stack: AsyncDisposableStack;
};

/** Creates the health kit, which adds its metrics itself. */
export function composeHealth(deps: HealthDeps) {
  const { config, clock, logger, metrics, identity, eventLoop, trust, policy, fleet, certificates } = deps;
  const { recentLogLines, tracer, stack } = deps;
  const { service, version, instance, ...facts } = identity;
  const evidence = createEvidence({
    now: clock.now,
    record,
    onError: (err) => logger.error({ err }, "recording a profile failed"),
  });
  const logLevel = stack.adopt(createLogLevel(logger, clock.now), (level) => level.reset());
  const kit = createHealth({
    service,
    version,
    instance,
    facts,
    clock,
    policy,
    intervalMs: config.health.intervalMs,
    timeoutMs: config.health.timeoutMs,
    probePaths: config.health.paths,
    eventLoop,
    certificates,
    details: { ...config.build, settings: config.changedSettings },
    metrics,
    operators: {
      token: config.health.opsToken,
      fleet,
      links: [{ label: "Evidence: profiles and log lines", href: "/health/detailed/evidence" }, ...config.health.links],
      routes: evidenceRoutes({ evidence, logLevel, recentLogLines, mayChangeLogLevel: mayChangeLogLevel(config) }),
      sendError: sendProblem,
      requestIdOf: (request) => requestIdOf(request, trust),
      onUnexpectedError: (error, requestId) => logger.error({ err: error, requestId }, "operator endpoint failed"),
    },
    onChange({ at: _, ...change }) {
      evidence.onChange(change);
      logger[isWorse(change) ? "warn" : "info"]({ change }, describeChange(change));
      // Recorded in the trace of the request whose call opened the breaker.
      if (change.kind === "breaker") tracer.event(`circuit breaker ${change.to}`, { "haven.breaker": change.name });
    },
  });
  stack.defer(kit.stop);
  return kit;
}

/**
 * In production only operators may change the log level. The server can recognize operators if it has an operator token,
 * or a management port that clients cannot reach.
 */
const mayChangeLogLevel = ({ production, health, http }: Config): boolean =>
  !production || health.opsToken !== undefined || http.managementPort !== undefined;

const describeChange = ({ name, from, to, reason }: Omit<Change, "at">): string =>
  `${name} went from ${from} to ${to}${reason === null ? "" : ` (${reason})`}`;

const isWorse = ({ to }: Pick<Change, "to">): boolean => to === "down" || to === "not_ready" || to === "open";

/** Creates the checks of the process itself: event loop, memory and disk. */
export function processChecks(config: Config, isLoopSaturated: () => boolean): readonly Check[] {
  const isCritical = (name: CheckName) => config.health.requires.includes(name);
  return [
    eventLoopCheck({ isSaturated: isLoopSaturated, critical: isCritical("event-loop") }),
    memoryCheck({ critical: isCritical("memory") }),
    diskCheck({ folder: tmpdir(), critical: isCritical("disk") }),
  ];
}
