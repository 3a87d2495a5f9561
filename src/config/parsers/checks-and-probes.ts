import { z } from "zod";
import type { ProbePath } from "../../core/probe-kind.ts";
import { entries } from "./values.ts";

/** The checks that READY_REQUIRES can make critical. */
export const checkNames = [
  "postgres",
  "postgres:write",
  "redis",
  "redis:write",
  "schema",
  "event-loop",
  "memory",
  "disk",
] as const;
/** Every check that runs. The last two are never critical, because only some requests need what they check. */
export const allCheckNames = [...checkNames, "tables", "connections"] as const;
export type CheckName = (typeof checkNames)[number];

export const checkList = z.string().transform((value, context): CheckName[] => {
  const names = entries(value);
  const knownNames = checkNames.filter((name) => names.includes(name));
  if (names.length === 0 || names.some((name) => !knownNames.some((check) => check === name))) {
    context.addIssue(`must be a list of these checks: ${checkNames.join(", ")}`);
    return z.NEVER;
  }
  return knownNames;
});

export const healthPaths = z.string().transform((value, context): ProbePath[] => {
  const paths = entries(value).map((entry) =>
    /^(\/|\/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])=(live|ready|startup)$/.exec(entry),
  );
  if (paths.includes(null)) {
    context.addIssue("must be a list such as /health=live,/healthz=ready with the probes live, ready and startup");
    return z.NEVER;
  }
  return paths.flatMap((match) => {
    const [, path, probe] = match ?? [];
    return path !== undefined && (probe === "live" || probe === "ready" || probe === "startup")
      ? [{ path, probe }]
      : [];
  });
});
