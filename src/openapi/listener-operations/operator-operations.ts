import { z } from "zod";
import type { ListenerOperation } from "../../http/operation.ts";
import { healthJsonType } from "../../kit/health/health-json.ts";
import { breakers, fleet, healthJson, postgresDown, publicReport, report } from "./operator-schemas.ts";

const tag = "Operations";
const access = "operator";

export const operatorOperations: readonly ListenerOperation[] = [
  {
    id: "getHealth",
    method: "get",
    path: "/health/detailed",
    summary: "Get the health report",
    description:
      "A page for browsers, JSON for tools. Without the operator token, if one is set, the answer has status and instance only.",
    tag,
    access,
    answers: {
      200: {
        description: "Healthy or degraded.",
        schema: z.union([report, publicReport]),
        alternateTypes: [healthJsonType, "text/html"],
        alternateSchemas: { [healthJsonType]: healthJson },
      },
      503: {
        description: "Unhealthy.",
        schema: z.union([report, publicReport]),
        alternateTypes: [healthJsonType, "text/html"],
        alternateSchemas: { [healthJsonType]: healthJson },
        example: { status: "unhealthy", checks: { postgres: postgresDown } },
      },
    },
  },
  {
    id: "getMetrics",
    method: "get",
    path: "/metrics",
    summary: "Get metrics",
    tag,
    access,
    problems: ["unauthorized", "internal"],
    answers: {
      200: {
        description: "All metrics, for Prometheus.",
        contentType: "text/plain",
        alternateTypes: ["application/openmetrics-text"],
      },
    },
  },
  {
    id: "getCircuitBreakers",
    method: "get",
    path: "/api/v1/circuit-breakers",
    summary: "List circuit breakers",
    tag,
    access,
    problems: ["unauthorized", "internal"],
    answers: {
      200: { description: "The circuit breakers and their states.", schema: z.object({ circuitBreakers: breakers }) },
    },
  },
  {
    id: "getInstances",
    method: "get",
    path: "/api/v1/instances",
    summary: "List instances",
    description: "While no store answers, the list contains this instance only.",
    tag,
    access,
    problems: ["unauthorized", "internal"],
    answers: { 200: { description: "The instances with their latest reports.", schema: fleet } },
  },
];
