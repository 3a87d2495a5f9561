import { z } from "zod";
import { reasons } from "../../core/errors/failure-reason.ts";
import { moment } from "../../http/input/common-schemas.ts";
import { identity } from "../identity.ts";
import { capabilityStatus, checkStatus, readyStatus } from "./probe-operations.ts";

const momentOrNull = moment.nullable();
export const breakers = z.array(
  z
    .object({
      name: z.string().meta({ example: "postgres" }),
      state: z.enum(["closed", "open", "half_open"]).meta({ id: "CircuitBreakerState" }),
      since: moment,
      nextAttemptAt: momentOrNull,
      stats: z.record(z.string(), z.number()),
    })
    .meta({ id: "CircuitBreaker" }),
);
const phase = z.enum(["starting", "ready", "draining", "stopped"]).meta({ id: "LifecyclePhase" });
const reason = z
  .enum(reasons)
  .meta({ id: "FailureReason", description: "Why a check failed" })
  .nullable()
  .meta({ example: null });
const measuredFields = {
  critical: z.boolean(),
  since: moment,
  latencyMs: z.number().nullable().meta({ example: 1.2 }),
  lastSuccessAt: momentOrNull,
  lastFailureAt: momentOrNull,
  consecutiveFailures: z.int().meta({ example: 0 }),
  reason,
};
const healthStatus = z.enum(["healthy", "degraded", "unhealthy"]).meta({ id: "HealthStatus" });
const system = z
  .object({
    memory: z.object({
      rssBytes: z.int().meta({ example: 148_500_480 }),
      heapUsedBytes: z.int().meta({ example: 61_203_456 }),
      heapLimitBytes: z.int().meta({ example: 4_345_298_944 }),
      limitBytes: z.int().nullable().meta({ description: "The limit of the container", example: null }),
    }),
    cpu: z.object({
      utilization: z.number().meta({ description: "Share of one core over ten seconds", example: 0.12 }),
      cores: z.number().meta({ example: 2 }),
    }),
    eventLoop: z.object({
      delayMs: z.number().meta({ example: 0.4 }),
      longestDelayMs: z.number().meta({ description: "Longest delay of the last ten seconds", example: 3.1 }),
      utilization: z.number().meta({ example: 0.09 }),
    }),
    handles: z.record(z.string(), z.int()).meta({ example: { TCPSocketWrap: 14 } }),
  })
  .meta({ id: "SystemFacts", description: "Memory, CPU, event loop, handles" });
const http = z
  .object({
    inFlight: z.int().meta({ example: 3 }),
    connections: z.int().meta({ example: 12 }),
    requestsPerSecond: z.number().meta({ example: 142.4 }),
    errorsPerSecond: z.number().meta({ example: 0 }),
    shedding: z.boolean().meta({ description: "Whether requests are refused because of overload", example: false }),
    day: z.object({ requests: z.int(), errors: z.int(), hours: z.int() }).meta({
      description: "Requests and 5xx of the last 24 hours, or since the start",
      example: { requests: 48_210, errors: 6, hours: 24 },
    }),
  })
  .meta({ id: "HttpFacts" });
const stateChange = z
  .object({
    at: moment,
    kind: z.enum(["phase", "check", "verdict", "breaker"]).meta({ id: "StateChangeKind" }),
    name: z.string().meta({ example: "postgres" }),
    from: z.string().meta({ example: "up" }),
    to: z.string().meta({ example: "down" }),
    reason,
  })
  .meta({ id: "StateChange" });
export const report = z
  .object({
    status: healthStatus,
    since: moment,
    phase,
    ...identity,
    timestamp: moment,
    uptimeSeconds: z.int().meta({ example: 4325 }),
    checks: z.record(
      z.string(),
      z.object({
        status: checkStatus,
        ...measuredFields,
        capabilities: z
          .record(z.string(), z.object({ status: capabilityStatus, ...measuredFields }))
          .optional()
          .meta({ description: "Reading and writing, for a store" }),
      }),
    ),
    circuitBreakers: breakers,
    certificates: z
      .array(z.object({ of: z.string().meta({ example: "postgres" }), expiresAt: moment, daysLeft: z.int() }))
      .meta({ description: "Certificates of the dependencies that use TLS", example: [] }),
    lastErrors: z.record(z.string(), z.object({ code: z.string(), at: moment })).meta({
      description: "Code of the latest failure of each check",
      example: { postgres: { code: "ECONNREFUSED", at: "2026-11-20T03:12:07.000Z" } },
    }),
    details: z
      .object({
        commit: z.string().nullable().meta({ example: "3f2a91c" }),
        builtAt: z.string().nullable().meta({ example: null }),
        settings: z
          .record(z.string(), z.string())
          .meta({ description: "Settings that differ from their defaults", example: { DB_POOL_MAX: "20" } }),
      })
      .meta({ description: "The build and its settings" }),
    system,
    http,
    history: z.array(stateChange).meta({ description: "Latest changes of state", example: [] }),
  })
  .meta({ id: "Health" });
const share = z.number().min(0).max(1).nullable();
export const fleet = z
  .object({
    policy: z.enum(["strict", "outlier"]).meta({ id: "ReadinessPolicy" }),
    decisions: z
      .record(z.string(), z.enum(["asking", "shared_outage", "outlier", "unsure"]).meta({ id: "FleetDecision" }))
      .meta({ description: "Decision for each critical check that is down, with `READY_POLICY=outlier`", example: {} }),
    store: z
      .enum(["redis", "postgres"])
      .meta({ id: "FleetStore" })
      .nullable()
      .meta({ description: "Source of the reports; null while no store answers" }),
    asOf: momentOrNull,
    silentSince: momentOrNull.meta({
      description: "Time since which no store has answered. Until a store answers, the other instances are unknown",
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
export const publicReport = report
  .pick({ status: true, instance: true })
  .meta({ id: "HealthSummary", description: "Without the operator token, if one is set" });
export const healthJson = z
  .looseObject({
    status: z.enum(["pass", "warn", "fail"]).meta({ id: "HealthJsonStatus" }),
    version: z.string().optional().meta({ example: "1" }),
    releaseId: z.string().optional().meta({ example: "1.4.2" }),
    serviceId: identity.instance.optional(),
    description: z.string().optional().meta({ example: "health of haven, phase ready" }),
  })
  .meta({ id: "HealthJson", description: "draft-inadarei-api-health-check-06" });
export const postgresDown = {
  status: "down",
  critical: true,
  since: "2026-04-30T09:30:00.000Z",
  latencyMs: null,
  lastSuccessAt: "2026-04-30T09:29:58.000Z",
  lastFailureAt: "2026-04-30T09:30:00.000Z",
  consecutiveFailures: 2,
  reason: "refused",
};
