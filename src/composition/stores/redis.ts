import { randomUUID } from "node:crypto";
import { createRateLimit } from "../../auth/rate-limit.ts";
import type { Config } from "../../config/read-config.ts";
import type { RedisTarget } from "../../config/sections/store-settings.ts";
import type { Logger } from "../../core/logging/logger.ts";
import type { Certificates } from "../../core/network/certificate-watch.ts";
import type { StoreCapability } from "../../core/store-capability.ts";
import { runOnSuspicion } from "../../core/timing/run-on-suspicion.ts";
import { noTracer, type Tracer } from "../../core/tracer.ts";
import { storeCheck } from "../../kit/checks/service-checks.ts";
import type { History } from "../../kit/health/history.ts";
import type { Breakers } from "../../kit/resilience/breakers.ts";
import type { CallTimer } from "../../metrics/calls.ts";
import {
  createRedis,
  type RedisClient,
  renewConnections,
  watchConnections,
  whenConnected,
} from "../../redis/client.ts";
import { certificateExpiryOf, readCertificateExpiry } from "../../redis/connect/certificate-expiry.ts";
import { explainRedisFailure } from "../../redis/connect/explain-failure.ts";
import { isRedisFailure, mayBeRedisFailure } from "../../redis/driver-errors.ts";
import { createRedisAccess } from "../../redis/redis-access.ts";
import { createRedisPinger } from "../../redis/redis-pinger.ts";
import { traceCommands } from "../../redis/trace-commands.ts";
import { createSessionChecks } from "../../sessions/session-checks.ts";
import type { Overrides } from "../overrides.ts";
import { createConnectionLog } from "./connection-log.ts";
import { checksAsTrials, createStoreBreakers, criticalCapabilities } from "./store-breakers.ts";

export type RedisPartsDeps = {
  config: Config;
  target: RedisTarget;
  logger: Logger;
  certificates: Certificates;
  breakers: Breakers;
  history: Pick<History, "onChange">;
  timeCall: CallTimer;
  tracer: Tracer;
  stack: AsyncDisposableStack;
  overrides: Overrides;
};

/** Creates the clients of Redis, their breakers, and the checks, which have connections of their own. */
export function composeRedis(deps: RedisPartsDeps) {
  const { config, target, logger, certificates, breakers, history, timeCall, tracer, stack, overrides } = deps;
  const store = createStoreBreakers(breakers, tracer, {
    name: "redis",
    isFailure: isRedisFailure,
    isSymptom: mayBeRedisFailure,
    onSymptom() {
      checks.read.suspect();
      checks.write.suspect();
    },
  });
  const connectionLog = createConnectionLog({ logger, store: "redis", explain: explainRedisFailure });
  const openClient = (name: string) =>
    stack.adopt(createRedis(target, config.redis, name), (connection) => connection.disconnect());
  const clients = { read: openClient("haven"), write: openClient("haven-write") };
  if (tracer !== noTracer) for (const client of [clients.read, clients.write]) traceCommands(client, tracer);
  watchConnections(clients.read, () => certificates.record("redis", certificateExpiryOf(clients.read)));
  certificates.refreshWith("redis", () => readCertificateExpiry(target, config.redis));
  const { timeoutMs, requires } = config.health;
  const sessionChecks = createSessionChecks();
  const countAttempt = createAttemptCheck(config.auth.rateLimitPerMinute > 0);
  const createCheck = (capability: StoreCapability, runCheck: (client: RedisClient) => Promise<void>) => {
    const pinger = createRedisPinger(target, { ...config.redis, commandTimeoutMs: timeoutMs }, runCheck);
    stack.defer(() => pinger.close());
    // Runs only after a symptom: the client that serves requests may fail while the connection of the check works.
    const requestClientCheck = runOnSuspicion(async (signal) => {
      await whenConnected(clients[capability], signal);
      await runCheck(clients[capability]);
    });
    return {
      suspect: requestClientCheck.suspect,
      async run(signal: AbortSignal): Promise<void> {
        await connectionLog.watch(() => pinger.ping(signal));
        await requestClientCheck.run(signal);
      },
    };
  };
  const checks = {
    read: createCheck("read", sessionChecks.read),
    write: createCheck("write", async (client) => {
      await Promise.all([sessionChecks.write(client), countAttempt(client)]);
    }),
  };
  history.onChange(({ kind, name, to }) => {
    if (kind !== "check" || to !== "down") return;
    if (name === store.read.name) renewConnections(clients.read);
    if (name === store.read.name || name === store.write.name) renewConnections(clients.write);
  });
  return {
    breakers: store,
    clients,
    redis:
      overrides.redis ??
      // The time is measured inside the breaker, so that rejected calls are not counted.
      createRedisAccess(clients, (work, capability) => store[capability].run(() => timeCall("redis", work))),
    /** For background work: its failures do not open the breakers, because no request waits for it. */
    background: createRedisAccess(clients, (work, capability) => store[capability].runUncounted(work)),
    /** Calls the listener whenever a connection for writes is ready (again), and whenever the breaker of writes closes. */
    onRedisBack(listener: () => void): void {
      watchConnections(clients.write, listener);
      breakers.onClosed(store.write.name, listener);
    },
    checks: [
      storeCheck(
        "redis",
        checksAsTrials(store, { read: checks.read.run, write: checks.write.run }),
        criticalCapabilities(requires, "redis"),
      ),
    ],
  };
}

/** Returns a check that runs the script that counts attempts to sign in. It counts under a random name, not for a user. */
function createAttemptCheck(isLimited: boolean): (client: RedisClient) => Promise<void> {
  const name = `check-${randomUUID()}`;
  return async (client) => {
    const run = <T>(work: (connection: RedisClient) => Promise<T>) => work(client);
    const perMinute = isLimited ? Number.MAX_SAFE_INTEGER : 0;
    await createRateLimit({ redis: { read: run, write: run }, perMinute }).attempt(name, name);
  };
}
