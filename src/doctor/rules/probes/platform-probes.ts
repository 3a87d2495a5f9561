import type { Rule, Violation } from "../../rule.ts";

const render = (line: string) =>
  `services:\n  - type: web\n    name: api\n    runtime: node\n    maxShutdownDelaySeconds: 60\n${line}`;

export const platformProbeRules: readonly Rule[] = [
  {
    id: "trap-platform-no-health-path",
    severity: "warning",
    title: "The platform releases without a health check",
    impact:
      "The platform sends requests to a new instance as soon as its port is open, or its process runs, and stops the old one: a release with a wrong setting goes live.",
    condition:
      "Render: `healthCheckPath` of each web service. Railway: `deploy.healthcheckPath`, except with a cronSchedule",
    fix: "Set the path to /ready, or to the readiness path of the application.",
    example: { kind: "render", broken: render(""), fixed: render("    healthCheckPath: /ready\n") },
    find: ({ apps }) =>
      apps.flatMap(({ name, platform, probes, at }): Violation[] => {
        if ((platform !== "render" && platform !== "railway") || probes.length > 0) return [];
        // A service of Railway may be a worker, which has no port.
        const confidence = platform === "render" ? "high" : "medium";
        return [{ places: [at], confidence, message: `${name} has no health path.` }];
      }),
  },
];
