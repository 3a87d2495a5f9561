import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { newRequestId } from "../../core/ids.ts";
import type { FleetReport, HealthReport } from "../health/health-report.ts";
import { createManagementServer, type ManagementLimits } from "../http/management-server.ts";
import { createOperatorEndpoints } from "../http/operator-endpoints.ts";
import { createOperatorRoutes } from "../http/operator-routes.ts";
import type { Probes } from "../http/probes.ts";
import { sendKitProblem } from "../http/problems.ts";
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
};

/** Creates the operator endpoints, and the server of the management port. */
export function createEndpoints({ settings, checking, probes, metrics, report, fleet }: EndpointsDeps) {
  const { operators, intervalMs, clock } = settings;
  const sendError = operators?.sendError ?? sendKitProblem;
  const operatorEndpoints =
    operators &&
    createOperatorEndpoints({
      token: operators.token,
      sendError,
      requestIdOf: operators.requestIdOf ?? newRequestId,
      onUnexpectedError: operators.onUnexpectedError ?? (() => undefined),
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
  const answer = (request: IncomingMessage, response: ServerResponse): boolean =>
    probes.answer(request, response) || (operatorEndpoints?.answer(request, response) ?? false);
  return {
    sendError,
    /** Returns false if the request is neither a probe nor for operators. */
    answer,
    /** Answers on the port of the app. */
    answerBeforeApp: operators?.managementPort === undefined ? answer : probes.answer,
    createManagementServer: (limits: ManagementLimits): Server => createManagementServer({ answer, sendError, limits }),
  };
}

export type Endpoints = ReturnType<typeof createEndpoints>;
