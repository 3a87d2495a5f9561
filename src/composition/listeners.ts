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
import type { HealthKit } from "../kit/health-kit.ts";
import type { HttpMetrics } from "../metrics/http.ts";

export type ListenersDeps = {
  config: Config;
  clock: Clock;
  logger: Logger;
  kit: HealthKit;
  httpMetrics: HttpMetrics;
  eventLoop: EventLoopWatch;
  trust: Trust;
  app: Express;
  stack: AsyncDisposableStack;
};

/** The public listener and, with `MANAGEMENT_PORT`, the one for operators. */
export function composeListeners(deps: ListenersDeps) {
  const { config, clock, logger, kit, httpMetrics, eventLoop, trust, app, stack } = deps;
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
  stack.adopt(enforceDeadlines(connections, config.http.requestTimeoutMs, clock.now), (deadlines) => deadlines.stop());
  // After a drain nothing is left to close; after a failed start the ports have to be free again.
  stack.defer(() => {
    for (const listener of [server, management]) {
      listener?.close();
      listener?.closeAllConnections();
    }
  });
  return { server, management };
}

/** The status that NGINX logs for a client that went away before its answer. */
const clientClosedRequest = 499;
