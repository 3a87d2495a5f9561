import type { ConfigNumber, ConfigText, Place } from "./config-values.ts";

/** A probe or health check: what it requests, how often, and how long it waits. */
export type Probe = {
  name: string;
  purpose: "ready" | "live" | "startup";
  at: Place;
  /** Undefined for a check that only opens a connection. */
  path: ConfigText | undefined;
  /** True where a command runs the check (`exec`), so that its request is unknown. */
  isOpaque: boolean;
  timeout: ConfigNumber | undefined;
  interval: ConfigNumber | undefined;
  /** The next check starts after the answer to the last one, so the timeout may equal the interval. */
  waitsForAnswer?: boolean;
};

/** A workload, service or task that runs instances of the application. */
export type App = {
  name: string;
  platform: "settings" | "kubernetes" | "compose" | "ecs" | "render" | "railway";
  at: Place;
  settings: Settings;
  grace: ConfigNumber | undefined;
  /** "unknown" for a hook whose duration cannot be determined. */
  preStop: ConfigNumber | "unknown" | undefined;
  stopSignal: ConfigText | undefined;
  probes: readonly Probe[];
  /** Each undefined where the file has a value that is not understood. */
  replicas:
    | { min: ConfigNumber | undefined; max: ConfigNumber | undefined; surge: ConfigNumber | undefined }
    | undefined;
  heap: ConfigNumber | undefined;
  memory: ConfigNumber | undefined;
  /** Identifies the database. Apps with the same value share its connections. */
  database: string | undefined;
};

/** How a load balancer detects that an instance is draining, and after how long at the latest. */
export type FailureDetection = {
  formula: string;
  durationMs: number;
  numbers: readonly ConfigNumber[];
  severity: "error" | "warning";
};

export type RetryLimits = { connect: ConfigNumber; attempts: ConfigNumber; total: ConfigNumber | undefined };

/** A proxy, balancer or route that forwards requests to instances. */
export type LoadBalancer = {
  name: string;
  kind: "nginx" | "haproxy" | "alb" | "ingress-nginx" | "gcp" | "route";
  at: Place;
  /** Host names of the servers that requests are forwarded to. */
  hosts: readonly string[];
  /** How long an idle connection to an instance is kept open. */
  idleTimeouts: readonly ConfigNumber[];
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

export type Settings = {
  /** Undefined where the value is not understood. */
  number(name: string): ConfigNumber | undefined;
  text(name: string): ConfigText | undefined;
  /** Whether a file sets any setting of the application. */
  hasAny: boolean;
  /** Whether a file sets this variable, even if its value is unknown. */
  has(name: string): boolean;
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
