import { linkList } from "../parsers/addresses.ts";
import { checkList, checkNames, healthPaths } from "../parsers/checks-and-probes.ts";
import { milliseconds, oneOf, text } from "../parsers/values.ts";

export const healthVariables = {
  HEALTH_CHECK_TIMEOUT: milliseconds(50).default(2000).describe("Time limit of one check, in ms"),
  HEALTH_CHECK_INTERVAL: milliseconds(50).default(2000).describe("Interval between two runs of a check, in ms"),
  READY_REQUIRES: checkList
    .prefault("postgres")
    .describe(
      `Critical checks, which take the instance out of rotation: any of ${checkNames.join(", ")}; the others only degrade it. \`postgres\` requires that reads work, \`postgres:write\` that writes work, too`,
    ),
  READY_POLICY: oneOf(["strict", "outlier"])
    .default("strict")
    .describe(
      "`strict`: a failing critical check takes the instance out of rotation; `outlier`: only if most other instances pass it, or if that is unclear",
    ),
  HEALTH_PATHS: healthPaths
    .prefault("")
    .describe("Additional or changed probe paths, e.g. `/health=live,/healthz=ready`"),
  OPS_TOKEN: text
    .optional()
    .describe(
      "If set, operator endpoints require `Authorization: Bearer …`; in production it must have at least 16 bytes, and the server logs a warning if neither this nor `MANAGEMENT_PORT` is set",
    ),

  STATUS_LINKS: linkList
    .prefault("")
    .describe(
      "Links of the status page, e.g. `Dashboard=https://grafana.example.org/d/haven,Runbook=https://wiki.example.org/haven`",
    ),
};
