import type { Probe } from "./app.ts";
import type { ConfigNumber, Place } from "./config-values.ts";
import type { KnownVersion, VersionFact } from "./versions.ts";

/** How a load balancer detects an instance whose health check returns 503, and after how long at the latest. */
export type FailureDetection = {
  formula: string;
  durationMs: number;
  numbers: readonly ConfigNumber[];
  /** The severity of the finding if the drain is shorter than `durationMs`. */
  severity: "error" | "warning";
};

export type RetryLimits = {
  connectTimeout: ConfigNumber;
  attempts: ConfigNumber;
  totalTimeout: ConfigNumber | undefined;
};

/** A proxy, balancer or route that forwards requests to instances. */
export type LoadBalancer = {
  name: string;
  kind: "nginx" | "haproxy" | "alb" | "ingress-nginx" | "gcp" | "route";
  at: Place;
  /** Host names of the servers that requests are forwarded to. */
  hosts: readonly string[];
  /** How long an idle connection to an instance is kept open. */
  idleTimeouts: readonly ConfigNumber[];
  /** Idle timeouts that older versions of the program do not have. */
  idleTimeoutsSince?: readonly { idle: ConfigNumber; fact: VersionFact }[];
  /** The version that a comment in its file names. */
  version?: KnownVersion | undefined;
  /** How long the load balancer waits for a response; 0 means without limit. */
  readTimeouts: readonly ConfigNumber[];
  /** How long an idle connection of a client is kept open. */
  clientIdleTimeouts: readonly ConfigNumber[];
  retryLimits: readonly RetryLimits[];
  failureDetections: readonly FailureDetection[];
  checks: readonly Probe[];
  /** How long requests in flight may finish when an instance is removed, or when the load balancer is reloaded. */
  drainTimeouts: readonly ConfigNumber[];
  /** The largest request body, for each server or frontend; 0 means without limit. */
  maxBodySizes: readonly ConfigNumber[];
  /** How long an instance that failed gets no requests. */
  failTimeouts: readonly ConfigNumber[];
};

/** The default values for the fields that a reader has no information about. */
export const emptyLoadBalancer = {
  hosts: [],
  idleTimeouts: [],
  readTimeouts: [],
  clientIdleTimeouts: [],
  retryLimits: [],
  failureDetections: [],
  checks: [],
  drainTimeouts: [],
  maxBodySizes: [],
  failTimeouts: [],
} as const;
