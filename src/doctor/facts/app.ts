import type { ConfigNumber, ConfigText, Place } from "./config-values.ts";

/** A probe or health check: what it requests, how often, and how long it waits. */
export type Probe = {
  name: string;
  purpose: "ready" | "live" | "startup";
  at: Place;
  /** Undefined for a check that only opens a connection. */
  path: ConfigText | undefined;
  /** True where a command runs the check (`exec`), so that its request is unknown. */
  hasUnknownRequest: boolean;
  timeout: ConfigNumber | undefined;
  interval: ConfigNumber | undefined;
  /** Kubernetes: the time before the first probe. */
  initialDelay?: ConfigNumber | undefined;
  /**
   * Kubernetes: the number of consecutive failures after which Kubernetes restarts the container or stops its traffic.
   */
  failures?: ConfigNumber | undefined;
  /** The time limit of the command that the check runs. */
  commandTimeout?: ConfigNumber | undefined;
  /**
   * False where another application than Haven may be checked without a path: the port may not speak HTTP, or there is
   * no other server to which requests could be sent instead.
   */
  requiresPath?: boolean;
  /** The next check starts after the response to the previous check, so the timeout may be longer than the interval. */
  waitsForAnswer?: boolean;
  /** The platform also accepts a timeout that equals the interval. */
  timeoutMayEqualInterval?: boolean;
};

/** A workload, service or task that runs instances of the application. */
export type App = {
  name: string;
  platform: "settings" | "kubernetes" | "compose" | "ecs" | "render" | "railway";
  at: Place;
  settings: Settings;
  gracePeriod: ConfigNumber | undefined;
  /** "unknown" for a hook whose duration cannot be determined. */
  preStop: ConfigNumber | "unknown" | undefined;
  stopSignal: ConfigText | undefined;
  probes: readonly Probe[];
  /** `surge` is the number of instances added during a release. A value that was not understood is undefined. */
  replicas:
    | { min: ConfigNumber | undefined; max: ConfigNumber | undefined; surge: ConfigNumber | undefined }
    | undefined;
  heap: ConfigNumber | undefined;
  memory: ConfigNumber | undefined;
  /** Identifies the database. Apps with the same value share its connections. */
  database: string | undefined;
};

export type Settings = {
  /** Returns undefined where the value is not understood. */
  number(name: string): ConfigNumber | undefined;
  text(name: string): ConfigText | undefined;
  /** Whether a file sets at least one setting of the application. */
  hasAny: boolean;
  /** Returns whether a file sets this variable, even if its value is unknown. */
  has(name: string): boolean;
  /** Whether the application is Haven, so that a setting without a value has Haven's default. */
  isHaven: boolean;
};
