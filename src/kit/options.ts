import type { IncomingMessage } from "node:http";
import type { ProbePath } from "../core/probe-kind.ts";
import type { Clock } from "../core/timing/clock.ts";
import type { SharedStore } from "./fleet/fleet-store.ts";
import type { DecisionRecord } from "./fleet/outlier-policy.ts";
import type { Check } from "./health/check.ts";
import type { CertificateExpiry, FleetReport, PageLink } from "./health/health-report.ts";
import type { Change } from "./health/history.ts";
import type { OnResult } from "./health/monitor.ts";
import type { ReadinessPolicy } from "./health/readiness-policy.ts";
import type { OperatorRoute, SendError } from "./http/operator-endpoints.ts";
import type { MetricsSink } from "./metrics/metrics-sink.ts";
import type { PromClientRegistry } from "./metrics/prom-client.ts";
import type { EventLoopWatch } from "./overload/event-loop-watch.ts";
import type { CloseOn } from "./resilience/breaker.ts";

/**
 * The options of `createHealth`.
 * @example const options: HealthOptions = { service: "orders", checks: [], intervalMs: 5000 };
 */
export type HealthOptions = {
  /** The name of the service in the answers. */
  service: string;
  /** The version in the answers; "0.0.0" unless set. */
  version?: string;
  /**
   * Distinguishes the processes of the service. Unless set, it is the host name; in Kubernetes that is the pod's name.
   */
  instance?: string;
  /** Further fields that identify the process in the answers, for example `{ commit: "3f2a91c" }`. */
  facts?: Readonly<Record<string, string>>;
  /** The first checks; `addCheck` adds more before the start. */
  checks?: readonly Check[];
  /** Time between two runs of a check; 2000 unless set. */
  intervalMs?: number;
  /** Time limit of one run of a check; 2000 unless set. */
  timeoutMs?: number;
  /** Further probe paths, for example `{ path: "/healthz", probe: "ready" }`. */
  probePaths?: readonly ProbePath[];
  /** Paths that the app keeps although the kit serves them, for example a `/live` or `/metrics` of its own. */
  appPaths?: readonly string[];
  /** Decides which failing critical checks do not take the instance out of rotation; none unless set. */
  policy?: ReadinessPolicy;
  /** Lets the instances exchange the results of their checks, so that a shared outage takes no instance out of rotation. */
  fleet?: FleetOptions;
  /**
   * What closes an open breaker; "signal" unless set. "signal": the check with the name of the breaker is up again.
   * "trial": the first successful trial.
   */
  closeOn?: CloseOn;
  /** The operator endpoints: `/health/detailed`, `/metrics`, `/api/v1/circuit-breakers`. `false`: not served. */
  operators?: OperatorOptions | false;
  /** A registry of prom-client, or a sink of another kind; the kit writes `/metrics` itself unless set. */
  metrics?: PromClientRegistry | MetricsSink;
  /**
   * Returns the metric label `route` of a request. Unless set, the label is the pattern of the Express route, or the
   * name given by `nameRoute`.
   */
  routeOf?: (request: IncomingMessage) => string;
  /**
   * Mean event-loop delay above which a growing share of requests is rejected with 503; 50 unless set. 0 rejects none.
   * Probes and operator endpoints are always answered.
   */
  maxEventLoopDelayMs?: number;
  /** Replaces `maxEventLoopDelayMs` in an app that measures its event loop and rejects requests itself. */
  eventLoop?: EventLoopWatch;
  /** The certificates of dependencies, for the report. None by default. */
  certificates?: () => readonly CertificateExpiry[];
  /** Further facts for `/health/detailed`, such as the commit and the settings. Do not add secrets, hosts or users. */
  details?: Readonly<Record<string, unknown>>;
  /** Replaces the clock, for tests. */
  clock?: Clock;
  /** Called with every result of a check. */
  onResult?: OnResult;
  /**
   * Called with the error of each failing run of a check, for the log. The error may contain hosts and users. Without
   * this function, the first error whose reason is only "failed" becomes a warning of the process.
   */
  onCheckError?: (name: string, error: unknown) => void;
  /** Called for every change of state, for the log. */
  onChange?: (change: Change) => void;
};

/**
 * The options of the operator endpoints.
 * @example const operators: OperatorOptions = { token: process.env["OPS_TOKEN"], managementPort: 9090 };
 */
export type OperatorOptions = {
  /** The token that requests must send as `Authorization: Bearer …`. If none is set, the endpoints are public. */
  token?: string | undefined;
  /**
   * Serves the operator endpoints on this port only. Probes are served here and on the port of the app. If the port
   * cannot be opened, the process ends with an error that names the port.
   */
  managementPort?: number;
  /**
   * Returns the report for `/api/v1/instances` and the status page. Unless set, the report comes from the option
   * `fleet` of `createHealth`.
   */
  fleet?: () => FleetReport;
  /** Links of the status page, such as to dashboards and a runbook. */
  links?: readonly PageLink[];
  /** Further operator endpoints by path. The token and the management port apply to them, too. */
  routes?: ReadonlyMap<string, OperatorRoute>;
  /** Writes an error response; problem+json (RFC 9457) unless set. */
  sendError?: SendError;
  /** Returns the id of a request, for the error response; a new one unless set. */
  requestIdOf?: (request: IncomingMessage) => string;
  /** Called for errors in an endpoint, for the log. */
  onUnexpectedError?: (error: unknown, requestId: string) => void;
};

/**
 * The options of the exchange between the instances of an app.
 * @example
 * const stores = [redisFleetStore({ client: redis }), postgresFleetStore({ pool })];
 * const fleet: FleetOptions = { stores, shared: ["postgres"] };
 */
export type FleetOptions = {
  /**
   * Stores that all instances share, from `@haven-api/health/fleet/redis` and `…/fleet/postgres`. Heartbeats are read
   * from the first one that answers, so two stores survive the outage of one.
   */
  stores: readonly SharedStore[];
  /** The checks of dependencies that all instances share. The instances vote on these checks only. */
  shared: readonly string[];
  /**
   * "outlier", the default: a failing critical check of `shared` takes the instance out of rotation only if most other
   * instances are well. "strict": it always does, and the fleet appears in reports only.
   */
  policy?: "outlier" | "strict";
  /** Called for each decision, for the log. */
  onDecision?: (record: DecisionRecord) => void;
};
