import type { Express } from "express";
import type { Config } from "../config/read-config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { createAccessLog } from "../http/listener/access-log.ts";
import { enforceDeadlines } from "../http/listener/deadline.ts";
import { createListener } from "../http/listener/listener.ts";
import type { EventLoopWatch } from "../http/listener/overload.ts";
import type { Trust } from "../http/listener/proxy-trust.ts";
import { securityHeaders } from "../http/listener/security-headers.ts";
import type { HealthParts } from "./health.ts";

export type FrontDeps = {
  config: Config;
  clock: Clock;
  logger: Logger;
  health: HealthParts;
  eventLoop: EventLoopWatch;
  trust: Trust;
  app: Express;
};

/** The public listener and, with `MANAGEMENT_PORT`, the one for operators. */
export function composeListeners({ config, clock, logger, health, eventLoop, trust, app }: FrontDeps) {
  const { kit, httpMetrics } = health;
  const { connections } = kit;
  const hasManagementPort = config.http.managementPort !== undefined;

  const accessLog = createAccessLog(logger);
  const server = createListener({
    answerOps: hasManagementPort ? kit.probes.answer : kit.answer,
    app,
    admits: eventLoop.admits,
    onFinished(request, response) {
      const seconds = (performance.now() - request.context.startedAt) / 1000;
      const status = response.writableFinished ? response.statusCode : clientClosedRequest;
      httpMetrics.observe(request.method ?? "", request.context.route, status, seconds);
      accessLog(request, response, seconds);
    },
    onMalformed: (rejected) => logger.info(rejected, "malformed request rejected"),
    connections,
    trust,
    limits: config.http,
    securityHeaders: securityHeaders(config),
  });
  const management = hasManagementPort ? kit.createManagementServer(config.http) : undefined;
  const deadlines = enforceDeadlines(connections, config.http.requestTimeoutMs, clock.now);

  return {
    server,
    management,
    close(): void {
      deadlines.stop();
      management?.close();
      management?.closeAllConnections();
    },
  };
}

/** The status that NGINX logs for a client that went away before its answer. */
const clientClosedRequest = 499;
