import type { Rule } from "../rule.ts";
import { bodySizeRules } from "./capacity/body-size.ts";
import { cpuAndAutoscalingRules } from "./capacity/cpu-and-autoscaling.ts";
import { databaseConnectionRules } from "./capacity/database-connections.ts";
import { disruptionBudgetRules } from "./capacity/disruption-budget.ts";
import { failTimeoutRules } from "./capacity/fail-timeout.ts";
import { memoryRules } from "./capacity/heap-limit.ts";
import { podResourceRules } from "./capacity/pod-resources.ts";
import { poolerConnectionRules } from "./capacity/pooler-connections.ts";
import { uploadLocationRules } from "./capacity/upload-location.ts";
import { drainDelayRules } from "./drain/drain-delay.ts";
import { drainDetectionRules } from "./drain/drain-detection.ts";
import { drainRequestRules } from "./drain/drain-requests.ts";
import { gracePeriodRules } from "./drain/grace-period.ts";
import { forwardedHeaderRules } from "./headers/forwarded-headers.ts";
import { headerNameRules } from "./headers/header-names.ts";
import { securityHeaderRules } from "./headers/proxy-security-headers.ts";
import { trustProxyRules } from "./headers/trust-proxy.ts";
import { haproxyLimitRules } from "./limits/haproxy-limits.ts";
import { nginxLimitRules } from "./limits/nginx-limits.ts";
import { albListenerRules } from "./listeners/alb-listeners.ts";
import { haproxyListenerRules } from "./listeners/haproxy-listeners.ts";
import { queryRules } from "./monitoring/queries.ts";
import { scrapeRules } from "./monitoring/scrapes.ts";
import { haproxyCheckRules } from "./probes/haproxy-checks.ts";
import { kubernetesProbeRules } from "./probes/kubernetes-probes.ts";
import { platformProbeRules } from "./probes/platform-probes.ts";
import { probeBudgetRules } from "./probes/probe-budgets.ts";
import { haproxyRetryRules } from "./retries/haproxy-retries.ts";
import { nginxRetryRules } from "./retries/nginx-retries.ts";
import { albTargetRules } from "./routes/alb-targets.ts";
import { kubernetesRouteRules } from "./routes/kubernetes-routes.ts";
import { nginxNameRules } from "./routes/nginx-names.ts";
import { nginxRouteRules } from "./routes/nginx-routes.ts";
import { nginxUpstreamRules } from "./routes/nginx-upstreams.ts";
import { runningInstanceRules } from "./running-instance-settings.ts";
import { haproxyBraceRules } from "./syntax/haproxy-braces.ts";
import { nginxDirectiveRules } from "./syntax/nginx-directives.ts";
import { checkCommandRules } from "./timeouts/check-commands.ts";
import { keepAliveTimeoutRules } from "./timeouts/keep-alive-timeouts.ts";
import { probeTimeoutRules } from "./timeouts/probe-timeouts.ts";
import { requestTimeoutRules } from "./timeouts/request-timeouts.ts";
import { retryTimeoutRules } from "./timeouts/retry-timeouts.ts";
import { tunnelTimeoutRules } from "./timeouts/tunnel-timeouts.ts";
import { kubernetesVersionRules } from "./versions/kubernetes-versions.ts";
import { proxyVersionRules } from "./versions/proxy-versions.ts";
import { composeRestartRules } from "./workloads/compose-restarts.ts";
import { composeServiceRules } from "./workloads/compose-services.ts";
import { kubernetesWorkloadRules } from "./workloads/kubernetes-workloads.ts";

const everyRule: readonly Rule[] = [
  ...tunnelTimeoutRules,
  ...checkCommandRules,
  ...probeBudgetRules,
  ...podResourceRules,
  ...poolerConnectionRules,
  ...uploadLocationRules,
  ...platformProbeRules,
  ...composeRestartRules,
  ...headerNameRules,
  ...nginxNameRules,
  ...keepAliveTimeoutRules,
  ...probeTimeoutRules,
  ...requestTimeoutRules,
  ...retryTimeoutRules,
  ...drainDelayRules,
  ...drainDetectionRules,
  ...drainRequestRules,
  ...gracePeriodRules,
  ...databaseConnectionRules,
  ...memoryRules,
  ...bodySizeRules,
  ...disruptionBudgetRules,
  ...failTimeoutRules,
  ...cpuAndAutoscalingRules,
  ...scrapeRules,
  ...queryRules,
  ...kubernetesProbeRules,
  ...haproxyCheckRules,
  ...haproxyListenerRules,
  ...albListenerRules,
  ...composeServiceRules,
  ...albTargetRules,
  ...kubernetesRouteRules,
  ...nginxRouteRules,
  ...nginxUpstreamRules,
  ...nginxRetryRules,
  ...haproxyRetryRules,
  ...securityHeaderRules,
  ...forwardedHeaderRules,
  ...trustProxyRules,
  ...nginxLimitRules,
  ...haproxyLimitRules,
  ...nginxDirectiveRules,
  ...haproxyBraceRules,
  ...kubernetesWorkloadRules,
  ...kubernetesVersionRules,
  ...proxyVersionRules,
  ...runningInstanceRules,
];

/** The id of a rule begins with the name of its family. The documentation lists the families in this order. */
export const families: readonly { name: string; heading: string; rules: readonly Rule[] }[] = [
  { name: "keep-alive", heading: "Idle connections" },
  { name: "drain", heading: "Detecting that an instance leaves" },
  { name: "grace", heading: "Time to shut down" },
  { name: "release", heading: "Requests in flight during a release" },
  { name: "deadline", heading: "Timeout ordering" },
  { name: "connections", heading: "Database connections" },
  { name: "budget", heading: "Pods, memory, body sizes, scrapes" },
  { name: "trap", heading: "Common pitfalls" },
].map((family) => ({ ...family, rules: everyRule.filter(({ id }) => id.startsWith(`${family.name}-`)) }));

export const allRules: readonly Rule[] = families.flatMap(({ rules }) => rules);
