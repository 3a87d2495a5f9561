import { z } from "zod";
import { moment } from "../../http/input/common-schemas.ts";
import type { ListenerOperation } from "../../http/operation.ts";
import { healthJsonType } from "../../kit/health/health-json.ts";
import { identity } from "../identity.ts";
import { capabilityStatus, checkStatus } from "./probe-operations.ts";

const when = moment.nullable();
const breakers = z.array(
  z
    .object({
      name: z.string().meta({ example: "postgres" }),
      state: z.enum(["closed", "open", "half_open"]),
      since: moment,
      nextAttemptAt: when,
      stats: z.record(z.string(), z.number()),
    })
    .meta({ id: "CircuitBreaker" }),
);
const phase = z.enum(["starting", "ready", "draining", "stopped"]);
const facts = z.record(z.string(), z.unknown());
const measured = {
  critical: z.boolean(),
  since: moment,
  latencyMs: z.number().nullable().meta({ example: 1.2 }),
  lastSuccessAt: when,
  lastFailureAt: when,
  consecutiveFailures: z.int().meta({ example: 0 }),
  reason: z.string().nullable().meta({ description: "One of a closed set of codes", example: null }),
};
const report = z
  .object({
    status: z.enum(["healthy", "degraded", "unhealthy"]),
    since: moment,
    phase,
    ...identity,
    timestamp: moment,
    uptimeSeconds: z.int().meta({ example: 4325 }),
    checks: z.record(
      z.string(),
      z.object({
        status: checkStatus,
        ...measured,
        capabilities: z
          .record(z.string(), z.object({ status: capabilityStatus, ...measured }))
          .optional()
          .meta({ description: "Reading and writing, for a store" }),
      }),
    ),
    circuitBreakers: breakers,
    certificates: z
      .array(z.object({ of: z.string().meta({ example: "postgres" }), expiresAt: moment, daysLeft: z.int() }))
      .meta({ description: "Certificates of the dependencies that use TLS", example: [] }),
    system: facts.meta({ description: "Memory, CPU, event loop, handles" }),
    http: facts.meta({ description: "In flight, connections, rates" }),
    history: z.array(facts).meta({ description: "Latest changes of state" }),
  })
  .meta({ id: "Health" });
const readyStatus = z.enum(["ready", "degraded", "not_ready", "starting", "draining"]);
const share = z.number().min(0).max(1).nullable();
const fleet = z
  .object({
    policy: z.enum(["strict", "outlier"]),
    decisions: z
      .record(z.string(), z.enum(["asking", "shared_outage", "outlier", "unsure"]))
      .meta({ description: "Decision for each critical check that is down, with `READY_POLICY=outlier`", example: {} }),
    store: z
      .enum(["redis", "postgres"])
      .nullable()
      .meta({ description: "Source of the reports; null while no store answers" }),
    asOf: when,
    silentSince: when.meta({
      description: "Time since which no store answers. Until one does, the other instances are unknown",
    }),
    loadSpreadRatio: z
      .number()
      .nullable()
      .meta({ description: "Largest deviation from the average load; 0.2 means by a fifth", example: 0.04 }),
    instances: z.array(
      z.object({
        instance: identity.instance,
        version: identity.version,
        self: z.boolean(),
        phase,
        status: readyStatus,
        startedAt: moment,
        ageMs: z.int().meta({ description: "Age of the latest report of this instance", example: 850 }),
        checks: z
          .record(z.string(), capabilityStatus)
          .meta({ example: { postgres: "up", "postgres:write": "up", redis: "up", "redis:write": "up" } }),
        requestsPerSecond: z.number().meta({ example: 142.4 }),
        errorsPerSecond: z.number().meta({ example: 0 }),
        inFlight: z.int().meta({ example: 3 }),
        shareOfRequests: share.meta({ example: 0.34 }),
      }),
    ),
  })
  .meta({ id: "Fleet" });
const publicReport = report.pick({ status: true, instance: true });

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
      },
      503: {
        description: "Unhealthy.",
        schema: z.union([report, publicReport]),
        alternateTypes: [healthJsonType, "text/html"],
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
