import { shown } from "../facts.ts";
import type { Found, Rule } from "../rule.ts";
import { alb } from "./samples.ts";

export const releaseRules: readonly Rule[] = [
  {
    id: "release-shorter-than-request",
    severity: "error",
    title: "The front cuts requests that the application is still answering",
    reason:
      "When an instance leaves the balancer, or the proxy itself is reloaded, requests end in the middle although somebody was working on them.",
    arithmetic:
      "ALB `deregistration_delay` (300 s unless written), nginx `worker_shutdown_timeout`, HAProxy `hard-stop-after` (both for ever unless written), Google's `drainingTimeoutSec` (0 s) ≥ `REQUEST_TIMEOUT_MS`",
    fix: "Raise it above REQUEST_TIMEOUT_MS.",
    example: {
      kind: "alb",
      beside: { settings: "REQUEST_TIMEOUT_MS=15000\nDRAIN_DELAY_MS=70000\n" },
      broken: alb("", "", "{ Key: deregistration_delay.timeout_seconds, Value: 5 }"),
      mended: alb("", "", "{ Key: deregistration_delay.timeout_seconds, Value: 30 }"),
    },
    find: ({ fronts }) =>
      fronts.flatMap(({ front, apps }) =>
        apps.flatMap(({ settings }) => {
          const request = settings.number("REQUEST_TIMEOUT_MS");
          if (request === undefined) return [];
          return front.releases
            .filter((release) => release.value < request.value)
            .map(
              (release): Found => ({
                numbers: [release, request],
                says: `${front.name} lets requests finish for ${shown(release)}, and a request may take ${shown(request)}.`,
                fix: `Set ${release.name} to ${shown(request)} or more.`,
              }),
            );
        }),
      ),
  },
];
