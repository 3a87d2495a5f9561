import { hostname } from "node:os";
import { cidrList } from "../parsers/addresses.ts";
import { identifier, milliseconds, oneOf, port, text } from "../parsers/values.ts";

export const serverVariables = {
  NODE_ENV: oneOf(["development", "test", "production"])
    .default("development")
    .describe("`production` rejects missing or weak settings and never starts an embedded service"),
  HOST: text.default("0.0.0.0").describe("Address to listen on"),
  PORT: port.default(4000).describe("Port to listen on; `0` picks a free port"),
  MANAGEMENT_PORT: port
    .optional()
    .describe(
      "If set, `/metrics`, `/health/detailed`, `/api/v1/circuit-breakers` and `/api/v1/instances` are served on this port only; probes are served on both ports",
    ),
  LOG_LEVEL: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("Lowest level that is logged: trace, debug, info, warn, error, fatal, silent"),
  INSTANCE_ID: identifier
    .default(
      () =>
        hostname()
          .replaceAll(/[^A-Za-z0-9._-]/g, "-")
          .slice(0, 128) || "haven",
    )
    .describe("Name of this instance in responses, logs and metrics; default: the host name"),

  BUILD_COMMIT: identifier.optional().describe("Commit of this build; the image sets it"),
  BUILD_TIME: text.optional().describe("Time of this build, for `/health/detailed`; the image sets it"),
};

export const requestVariables = {
  TRUST_PROXY: cidrList
    .prefault("loopback")
    .describe(
      "Proxies whose forwarded headers are trusted: CIDRs, `loopback`, `linklocal`, `uniquelocal`; ranges that include every client, such as `0.0.0.0/0`, are rejected",
    ),
  REQUEST_TIMEOUT_MS: milliseconds(100).default(15_000).describe("Time limit of one request"),
  HEADERS_TIMEOUT_MS: milliseconds(500).default(10_000).describe("Time limit for a client to send its headers"),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(0)
    .default(75_000)
    .describe(
      "Idle time after which a keep-alive connection is closed; must be longer than the idle timeout of every proxy in front",
    ),
  OVERLOAD_DELAY_MS: milliseconds(0)
    .default(50)
    .describe(
      "Mean event-loop delay above which API requests are rejected with 503, as are requests that wait for their start for 250 ms; `0` disables both",
    ),
};

/** Outside production a restart is immediate, because no load balancer has to detect it. */
export const drainDefaults = (production: boolean) =>
  production
    ? { DRAIN_DELAY_MS: 8000, DRAIN_LINGER_MS: 3000, SHUTDOWN_TIMEOUT_MS: 25_000 }
    : { DRAIN_DELAY_MS: 0, DRAIN_LINGER_MS: 0, SHUTDOWN_TIMEOUT_MS: 5000 };

const drainTime = (name: keyof ReturnType<typeof drainDefaults>, meaning: string) =>
  milliseconds(0)
    .optional()
    .describe(
      `${meaning}; default: ${drainDefaults(true)[name]} in production, otherwise ${drainDefaults(false)[name]}`,
    );

export const shutdownVariables = {
  DRAIN_DELAY_MS: drainTime("DRAIN_DELAY_MS", "How long to keep serving after SIGTERM while reporting not ready"),
  DRAIN_LINGER_MS: drainTime(
    "DRAIN_LINGER_MS",
    "After the listener has closed: how long responses ask clients to close their keep-alive connections",
  ),
  SHUTDOWN_TIMEOUT_MS: drainTime(
    "SHUTDOWN_TIMEOUT_MS",
    "After the listener has closed: how long requests in progress may run",
  ),
};

export const developmentVariables = {
  EMBEDDED_DATA_DIR: text
    .default(".haven")
    .describe("Folder for the data of the embedded services; not used in production"),
};
