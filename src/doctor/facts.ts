import type { ConfigNumber, ConfigText, Place } from "./config-values.ts";

/** Who asks an instance whether it is well, and how patiently. */
export type Probe = {
  name: string;
  purpose: "ready" | "live" | "startup";
  at: Place;
  /** Undefined where the answer is not looked at: a connection is enough. */
  path: ConfigText | undefined;
  /** Some other program decides (`exec`): nothing is known of what it asks. */
  isOpaque: boolean;
  timeout: ConfigNumber | undefined;
  interval: ConfigNumber | undefined;
  /** It waits for an answer before it asks again, so that its time limit may be as long as its interval. */
  waitsForAnswer?: boolean;
};

/** Something that runs instances of the application. */
export type App = {
  name: string;
  platform: "settings" | "kubernetes" | "compose" | "ecs" | "render" | "railway";
  at: Place;
  settings: Settings;
  grace: ConfigNumber | undefined;
  /** Unknown where there is a hook whose length cannot be seen. */
  preStop: ConfigNumber | "unknown" | undefined;
  stopSignal: ConfigText | undefined;
  probes: readonly Probe[];
  /** Each undefined where what is written cannot be understood. */
  replicas:
    | { min: ConfigNumber | undefined; max: ConfigNumber | undefined; surge: ConfigNumber | undefined }
    | undefined;
  heap: ConfigNumber | undefined;
  memory: ConfigNumber | undefined;
  /** A name for the database that it uses: those with the same share its connections. */
  database: string | undefined;
};

/** How a front finds out that an instance leaves: in `after` at the latest, by these numbers. */
export type FailureDetection = {
  formula: string;
  durationMs: number;
  numbers: readonly ConfigNumber[];
  severity: "error" | "warning";
};

export type RetryLimits = { connect: ConfigNumber; attempts: ConfigNumber; total: ConfigNumber | undefined };

/** Something that passes requests on to instances. */
export type LoadBalancer = {
  name: string;
  kind: "nginx" | "haproxy" | "alb" | "ingress-nginx" | "gcp" | "route";
  at: Place;
  /** Names of the servers that it passes requests on to. */
  hosts: readonly string[];
  /** How long it keeps an idle connection to an instance. */
  idleTimeouts: readonly ConfigNumber[];
  /** How long it waits for an answer; 0 is for ever. */
  readTimeouts: readonly ConfigNumber[];
  /** How long it keeps a client's idle connection. */
  clientIdleTimeouts: readonly ConfigNumber[];
  retryLimits: readonly RetryLimits[];
  failureDetections: readonly FailureDetection[];
  checks: readonly Probe[];
  /** How long it lets requests finish that are under way when it, or an instance, leaves. */
  drainTimeouts: readonly ConfigNumber[];
  /** The largest body that it takes, for each way in; 0 is any. */
  maxBodySizes: readonly ConfigNumber[];
  /** How long it leaves out an instance that has failed. */
  failTimeouts: readonly ConfigNumber[];
};

export type Settings = {
  /** Undefined where what is written cannot be understood. */
  number(name: string): ConfigNumber | undefined;
  text(name: string): ConfigText | undefined;
  /** Whether any of the application's settings is written here. */
  hasAny: boolean;
  /** The platform names it: it wins over what is known only from elsewhere. */
  has(name: string): boolean;
};

/** What a front has of which nothing is known. */
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
