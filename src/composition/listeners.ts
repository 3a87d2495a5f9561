import type { IncomingMessage, ServerResponse } from "node:http";
import type { Config } from "../config/read-config.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Clock } from "../core/timing/clock.ts";
import { createAccessLog } from "../http/listener/access-log.ts";
import { enforceDeadlines } from "../http/listener/deadline.ts";
import { createListener, type ListenerApp } from "../http/listener/listener.ts";
import type { Health } from "../kit/create-health.ts";
import type { HttpMetrics } from "../kit/metrics/http.ts";

export type ListenersDeps = {
  config: Config;
  clock: Clock;
  logger: Logger;
  kit: Health;
  app: ListenerApp;
  securityHeaders: ReadonlyMap<string, string>;
  stack: AsyncDisposableStack;
};

/** Creates the public listener and, with `MANAGEMENT_PORT`, the one for operators. */
export function composeListeners(deps: ListenersDeps) {
  const { config, clock, logger, kit, app, securityHeaders, stack } = deps;
  const { connections } = kit;
  const server = createListener({
    app,
    onMalformed: (rejected) => logger.info(rejected, "malformed request rejected"),
    connections,
    limits: config.http,
    securityHeaders,
  });
  const management = config.http.managementPort !== undefined ? kit.createManagementServer(config.http) : undefined;
  stack.adopt(enforceDeadlines(connections, config.http.requestTimeoutMs, clock.now), (deadlines) => deadlines.stop());
  // Frees the ports after a failed start. After a drain, both listeners are closed already.
  stack.defer(() => {
    for (const listener of [server, management]) {
      listener?.close();
      listener?.closeAllConnections();
    }
  });
  return { server, management };
}

/** Records every finished request in the metrics and in the access log. */
export function composeRequestRecord({ logger, httpMetrics }: { logger: Logger; httpMetrics: HttpMetrics }) {
  const accessLog = createAccessLog(logger);
  return (request: IncomingMessage, response: ServerResponse): void => {
    const seconds = (performance.now() - request.context.startedAt) / 1000;
    const status = response.writableFinished ? response.statusCode : clientClosedRequest;
    const { route, trace } = request.context;
    const method = request.method ?? "";
    httpMetrics.observe(method, route, status, seconds, trace?.sampled ? trace.traceId : undefined);
    trace?.end({ method, route, status });
    accessLog(request, response, seconds);
  };
}

/** The status that NGINX logs for a client that disconnected before the response. */
const clientClosedRequest = 499;
