import type { Rule, Violation } from "../../rule.ts";

const renderYaml = (line: string) =>
  `services:\n  - type: web\n    name: api\n    runtime: node\n    maxShutdownDelaySeconds: 60\n${line}`;

export const platformProbeRules: readonly Rule[] = [
  {
    id: "trap-platform-no-health-path",
    severity: "warning",
    title: "The platform starts a release without a health check",
    impact:
      "As soon as a new instance has opened its port or started its process, the platform sends it requests and stops the old instance. So a release with a wrong setting goes live.",
    condition:
      "Render: each web service has `healthCheckPath`. Railway: `deploy.healthcheckPath` is set, unless the service has a cronSchedule",
    fix: "Set the path to /ready, or to the readiness path of the application.",
    example: { kind: "render", broken: renderYaml(""), fixed: renderYaml("    healthCheckPath: /ready\n") },
    find: ({ apps }) =>
      apps.flatMap(({ name, platform, probes, at }): Violation[] => {
        if ((platform !== "render" && platform !== "railway") || probes.length > 0) return [];
        // A Railway service may be a worker, which has no port and needs no health path.
        const confidence = platform === "render" ? "high" : "medium";
        return [{ places: [at], confidence, message: `${name} has no health path.` }];
      }),
  },
];
