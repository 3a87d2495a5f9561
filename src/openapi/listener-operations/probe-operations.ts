import { z } from "zod";
import { moment } from "../../http/input/common-schemas.ts";
import type { ListenerOperation } from "../../http/operation.ts";
import { defaultProbePaths } from "../../kit/http/probes.ts";
import { identity } from "../identity.ts";

export const capabilityStatus = z.enum(["up", "down", "unknown"]).meta({ id: "CapabilityStatus" });
export const readyStatus = z
  .enum(["ready", "degraded", "not_ready", "starting", "draining"])
  .meta({ id: "ReadinessStatus" });
export const checkStatus = z
  .enum(["up", "impaired", "down", "unknown"])
  .meta({ id: "CheckStatus", description: "`impaired`: some capabilities of the check work and others do not" });
const checks = z.record(z.string(), z.object({ status: checkStatus, critical: z.boolean() })).meta({
  example: { postgres: { status: "up", critical: true }, redis: { status: "up", critical: false } },
});

const postgresDown = { postgres: { status: "down", critical: true }, redis: { status: "up", critical: false } };

const alive = z.object({
  status: z.literal("alive"),
  instance: identity.instance,
  version: identity.version,
  uptimeSeconds: z.int().meta({ example: 4325 }),
});
const readiness = z
  .object({
    status: readyStatus,
    ready: z.boolean(),
    ...identity,
    timestamp: moment,
    checks,
    sharedOutage: z
      .array(z.string())
      .optional()
      .meta({ description: "Critical checks that fail on most of the fleet, with `READY_POLICY=outlier`" }),
    excluded: z.array(z.string()).optional(),
    warnings: z.array(z.string()).optional(),
  })
  .meta({ id: "Readiness" });
const startup = z
  .object({
    status: z.enum(["started", "starting"]).meta({ id: "StartupStatus" }),
    ...identity,
    timestamp: moment,
    checks,
  })
  .meta({ id: "Startup" });
const checkVerdict = z
  .object({
    name: z.string().meta({ example: "postgres" }),
    status: checkStatus,
    critical: z.boolean(),
    ...identity,
    timestamp: moment,
  })
  .meta({ id: "CheckVerdict" });

const tag = "Health";
const describeAliases = (paths: readonly string[]) =>
  `Also at ${paths
    .slice(1)
    .map((path) => `\`${path}\``)
    .join(", ")}. The probe calls no dependency.`;

export const probeOperations: readonly ListenerOperation[] = [
  {
    id: "getAlive",
    method: "get",
    path: "/alive",
    summary: "Liveness probe",
    description: describeAliases(defaultProbePaths.live),
    tag,
    answers: { 200: { description: "The event loop is running.", schema: alive } },
  },
  {
    id: "getReady",
    method: "get",
    path: "/ready",
    summary: "Readiness probe",
    description: describeAliases(defaultProbePaths.ready),
    tag,
    query: z.strictObject({
      verbose: z.string().optional().meta({ description: "Plain text, one line for each check" }),
      exclude: z
        .array(z.string())
        .optional()
        .meta({
          description: "Excludes a check or a capability from the verdict; may be repeated",
          example: ["redis"],
        }),
    }),
    answers: {
      200: {
        description:
          "In rotation: `ready`, or `degraded` if a check is impaired, or if a check that is not critical is down.",
        schema: readiness,
        alternateTypes: ["text/plain"],
      },
      503: {
        description: "Out of rotation.",
        schema: readiness,
        alternateTypes: ["text/plain"],
        example: { status: "not_ready", ready: false, checks: postgresDown },
      },
    },
  },
  {
    id: "getReadyOfCheck",
    method: "get",
    path: "/ready/{check}",
    summary: "Readiness probe of one check",
    description:
      "`postgres` and `redis` report whether reads work, `postgres:write` and `redis:write` whether writes work.",
    tag,
    params: z.strictObject({
      check: z.string().meta({ description: "The name of a check, or `check:capability`", example: "postgres" }),
    }),
    problems: ["not_found"],
    answers: {
      200: { description: "The check is up.", schema: checkVerdict },
      503: { description: "The check is down or unknown.", schema: checkVerdict, example: { status: "down" } },
    },
  },
  {
    id: "getStartup",
    method: "get",
    path: "/startup",
    summary: "Startup probe",
    description: describeAliases(defaultProbePaths.startup),
    tag,
    answers: {
      200: {
        description: "Every critical check has passed once. The answer does not change any more.",
        schema: startup,
      },
      503: {
        description: "The instance is still starting.",
        schema: startup,
        example: {
          status: "starting",
          checks: { postgres: { status: "unknown", critical: true }, redis: { status: "unknown", critical: false } },
        },
      },
    },
  },
];
