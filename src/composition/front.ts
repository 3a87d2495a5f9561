import type { Express } from "express";
import type { Config } from "../config/read-config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { createAccessLog } from "../http/listener/access-log.ts";
import { enforceDeadlines } from "../http/listener/deadline.ts";
import { createListener, requestIdOf } from "../http/listener/listener.ts";
import { createManagementServer } from "../http/listener/management.ts";
import type { EventLoopWatch } from "../http/listener/overload.ts";
import type { Trust } from "../http/listener/proxy-trust.ts";
import { securityHeaders } from "../http/listener/security-headers.ts";
import { sendProblem } from "../http/problem.ts";
import { createDetailed } from "../kit/health/detailed.ts";
import type { History } from "../kit/health/history.ts";
import { createOps } from "../kit/http/operator-endpoints.ts";
import { createOpsRoutes, toBreakerState } from "../kit/http/operator-routes.ts";
import type { Connections } from "../kit/lifecycle/connections.ts";
import type { Breakers } from "../kit/resilience/breakers.ts";
import type { Metrics } from "../metrics/registry.ts";
import type { FleetParts } from "./fleet.ts";
import type { HealthParts, Identity } from "./health.ts";
import type { TrafficParts } from "./traffic.ts";

export type FrontDeps = HealthParts &
  TrafficParts & {
    config: Config;
    clock: Clock;
    logger: Logger;
    metrics: Metrics;
    identity: Identity;
    history: History;
    breakers: Breakers;
    fleet: FleetParts;
    connections: Connections;
    eventLoop: EventLoopWatch;
    trust: Trust;
    app: Express;
  };

/** The listeners, and what operators can ask them. */
export function composeListeners(deps: FrontDeps) {
  const { config, clock, connections, eventLoop, identity, logger, metrics, monitor, probes, trust } = deps;
  const { httpMetrics, watch, fleet } = deps;

  const breakers = deps.breakers.views;
  const detailed = createDetailed({
    identity,
    snapshot: monitor.snapshot,
    history: deps.history,
    breakers: () => breakers().map(toBreakerState),
    watch,
  });
  const opsRoutes = createOpsRoutes({
    metrics,
    detailed,
    breakers,
    fleet: fleet.picture,
    samples: deps.samples,
    clock,
    intervalMs: config.health.intervalMs,
  });
  const ops = createOps({
    sendError: sendProblem,
    requestIdOf: (request) => requestIdOf(request, trust),
    routes: opsRoutes,
    token: config.health.opsToken,
    logger,
  });
  const opsHere = config.http.managementPort === undefined;

  const accessLog = createAccessLog(logger);
  const server = createListener({
    answerOps: (request, response) => probes.answer(request, response) || (opsHere && ops.answer(request, response)),
    app: deps.app,
    admits: eventLoop.admits,
    onFinished(request, response) {
      const seconds = (performance.now() - request.context.startedAt) / 1000;
      const status = response.writableFinished ? response.statusCode : clientWentAway;
      httpMetrics.observe(request.method ?? "", request.context.route, status, seconds);
      accessLog(request, response, seconds);
    },
    onMalformed: (rejected) => logger.info(rejected, "malformed request rejected"),
    connections,
    trust,
    limits: config.http,
    securityHeaders: securityHeaders(config),
  });
  const management = opsHere ? undefined : createManagementServer({ probes, ops, limits: config.http });
  const deadlines = enforceDeadlines(connections, config.http.requestTimeoutMs, clock.now);

  return {
    server,
    management,
    close(): void {
      deadlines.stop();
      watch.stop();
      management?.close();
      management?.closeAllConnections();
    },
  };
}

const clientWentAway = 499;
