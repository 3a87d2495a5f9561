import type { Rule } from "../rule.ts";
import { budgetRules } from "./budget.ts";
import { monitoringBudgets } from "./budget-monitoring.ts";
import { connectionRules } from "./connections.ts";
import { deadlineRules } from "./deadline.ts";
import { drainRules } from "./drain.ts";
import { graceRules } from "./grace.ts";
import { keepAliveRules } from "./keep-alive.ts";
import { liveBudgets, liveDeadlines, liveKeepAlive, liveTraps } from "./live.ts";
import { releaseRules } from "./release.ts";
import { cloudTraps } from "./trap-alb.ts";
import { composeTraps } from "./trap-compose.ts";
import { haproxyTraps } from "./trap-haproxy.ts";
import { haproxyDoorTraps } from "./trap-haproxy-doors.ts";
import { haproxyServerTraps } from "./trap-haproxy-servers.ts";
import { kubernetesTraps } from "./trap-kubernetes.ts";
import { nginxTraps } from "./trap-nginx.ts";
import { nginxAffinityTraps } from "./trap-nginx-affinity.ts";
import { nginxHeaderTraps } from "./trap-nginx-headers.ts";
import { nginxLimitTraps } from "./trap-nginx-limits.ts";
import { nginxSyntaxTraps } from "./trap-nginx-syntax.ts";
import { probeTraps } from "./trap-probes.ts";
import { queryTraps } from "./trap-queries.ts";
import { trustProxyTraps } from "./trap-trust-proxy.ts";
import { wayInTraps } from "./trap-ways-in.ts";

/** In the order in which the page tells them. */
export const families: readonly { name: string; about: string; rules: readonly Rule[] }[] = [
  { name: "keep-alive", about: "Who closes an idle connection first", rules: [...keepAliveRules, ...liveKeepAlive] },
  { name: "drain", about: "Whether an instance that leaves is noticed in time", rules: drainRules },
  { name: "grace", about: "Whether it is given the time to end", rules: graceRules },
  { name: "release", about: "Whether requests may finish that are under way", rules: releaseRules },
  { name: "deadline", about: "Who gives up first", rules: [...deadlineRules, ...liveDeadlines] },
  { name: "connections", about: "Whether the database takes them all", rules: connectionRules },
  {
    name: "budget",
    about: "Pods, memory, bodies, scrapes",
    rules: [...budgetRules, ...monitoringBudgets, ...liveBudgets],
  },
  {
    name: "trap",
    about: "What looks right and is not",
    rules: [
      ...nginxSyntaxTraps,
      ...nginxTraps,
      ...nginxAffinityTraps,
      ...nginxLimitTraps,
      ...nginxHeaderTraps,
      ...haproxyTraps,
      ...haproxyDoorTraps,
      ...haproxyServerTraps,
      ...kubernetesTraps,
      ...probeTraps,
      ...wayInTraps,
      ...cloudTraps,
      ...composeTraps,
      ...trustProxyTraps,
      ...queryTraps,
      ...liveTraps,
    ],
  },
];

export const allRules: readonly Rule[] = families.flatMap(({ rules }) => rules);
