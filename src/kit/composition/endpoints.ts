import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { newRequestId } from "../../core/ids.ts";
import { warn } from "../guard-callback.ts";
import type { FleetReport, HealthReport } from "../health/health-report.ts";
import { createManagementServer, type ManagementLimits } from "../http/management-server.ts";
import { createOperatorEndpoints } from "../http/operator-endpoints.ts";
import { createOperatorRoutes } from "../http/operator-routes.ts";
import type { Probes } from "../http/probes.ts";
import { guardSendError, sendKitProblem } from "../http/problems.ts";
import { splitTarget } from "../http/request-target.ts";
import type { MetricsSink } from "../metrics/metrics-sink.ts";
import type { Checking } from "./checking.ts";
import type { Settings } from "./settings.ts";

export type EndpointsDeps = {
  settings: Settings;
  checking: Checking;
  probes: Probes;
  metrics: MetricsSink;
  report(): HealthReport;
  fleet: (() => FleetReport) | undefined;
  /** Paths that the app answers. */
  appPaths: readonly string[];
};

/** Creates the operator endpoints, and the server of the management port. */
export function createEndpoints({ settings, checking, probes, metrics, report, fleet, appPaths }: EndpointsDeps) {
  const { operators, intervalMs, clock } = settings;
  const sendError = guardSendError(operators?.sendError ?? sendKitProblem);
  const operatorEndpoints =
    operators &&
    createOperatorEndpoints({
      token: operators.token,
      sendError,
      requestIdOf: operators.requestIdOf ?? newRequestId,
      onUnexpectedError: operators.onUnexpectedError ?? ((error) => warn("an operator endpoint failed", error)),
      routes: new Map([
        ...createOperatorRoutes({
          report,
          breakers: checking.breakers.views,
          samples: checking.samples,
          intervalMs,
          clock,
          exposeMetrics: metrics.expose,
          fleet: operators.fleet ?? fleet,
          links: operators.links ?? [],
        }),
        ...(operators.routes ?? []),
      ]),
    });
  const isForApp = pathsOfApp(appPaths);
  const answer = (request: IncomingMessage, response: ServerResponse): boolean =>
    probes.answer(request, response) || (operatorEndpoints?.answer(request, response) ?? false);
  const onAppPort = operators?.managementPort === undefined ? answer : probes.answer;
  return {
    sendError,
    /** Returns false if the request is neither a probe nor for operators. */
    answer,
    /** Answers on the port of the app; returns false if the request is for the app. */
    answerBeforeApp: (request: IncomingMessage, response: ServerResponse): boolean =>
      !isForApp(request.url ?? "") && onAppPort(request, response),
    createManagementServer: (limits: ManagementLimits): Server => createManagementServer({ answer, sendError, limits }),
  };
}

/**
 * Returns a function that finds out whether the app keeps the path of a URL, although the kit serves that path, too.
 */
function pathsOfApp(paths: readonly string[]): (url: string) => boolean {
  if (paths.length === 0) return () => false;
  const keptPaths = new Set(paths);
  return (url) => keptPaths.has(splitTarget(url).path);
}

export type Endpoints = ReturnType<typeof createEndpoints>;
