import { createApp } from "../app.ts";
import { toBlockList } from "../config/address-ranges.ts";
import type { Config } from "../config/read-config.ts";
import type { DemoLogin } from "../core/embedded-engines.ts";
import { identityOf } from "../core/identity.ts";
import type { Logger } from "../core/logging/logger.ts";
import { watchCertificates } from "../core/network/certificate-watch.ts";
import { steadyClock } from "../core/timing/clock.ts";
import { createOnce } from "../features/create-once.ts";
import { createTrust } from "../http/listener/proxy-trust.ts";
import { securityHeaders } from "../http/listener/security-headers.ts";
import type { FleetReport } from "../kit/health/health-report.ts";
import { createCallMetrics } from "../metrics/calls.ts";
import { addCertificateMetrics } from "../metrics/certificates.ts";
import { addLogMetrics } from "../metrics/log.ts";
import { createMetrics } from "../metrics/registry.ts";
import { composeAuth } from "./auth.ts";
import { composeFeatures } from "./features.ts";
import { composeFleet, composePolicy } from "./fleet.ts";
import { composeHealth, processChecks } from "./health.ts";
import { composeListeners, composeRequestRecord } from "./listeners.ts";
import { composeMail } from "./mail.ts";
import { composeOverload } from "./overload.ts";
import type { Overrides } from "./overrides.ts";
import type { ServiceAddresses } from "./service-addresses.ts";
import { composeBucket } from "./stores/bucket.ts";
import { composePostgres } from "./stores/postgres.ts";
import { composeRedis } from "./stores/redis.ts";
import { composeSessionCache } from "./stores/session-cache.ts";
import { createAssertAvailable } from "./stores/store-breakers.ts";
import { composeStream } from "./stream.ts";
import { composeTracing } from "./tracing.ts";
import { composeUploads } from "./uploads.ts";

export type ComposeDeps = {
  config: Config;
  addresses: ServiceAddresses;
  logger: Logger;
  droppedLogLines: () => number;
  recentLogLines: () => readonly string[];
  /** Closes the parts in reverse order, also if a later part cannot be created. */
  stack: AsyncDisposableStack;
  overrides?: Overrides;
  /** The account of the demo data, if there is one. */
  demoLogin?: DemoLogin | undefined;
};

/** Creates every part of the server once, with its dependencies as named arguments. */
export async function compose(deps: ComposeDeps) {
  const { config, addresses, logger, droppedLogLines, recentLogLines, stack, overrides = {}, demoLogin } = deps;
  const clock = overrides.clock ?? steadyClock;
  const identity = identityOf(config);
  const metrics = createMetrics(identity);
  addLogMetrics(metrics, droppedLogLines);
  const trust = createTrust(toBlockList(config.http.trustProxy));
  const { eventLoop, queue, isLoopSaturated } = composeOverload(config.http.overloadDelayMs);
  stack.defer(eventLoop.stop);

  const { tracer, startRequest } = await composeTracing({ config, identity, logger, metrics, trust, stack });
  const certificates = overrides.certificates ?? stack.adopt(watchCertificates(), (watch) => watch.stop());
  addCertificateMetrics(metrics, certificates);

  const readiness = composePolicy({ config, clock, logger });
  const kit = composeHealth({
    config,
    clock,
    logger,
    metrics,
    identity,
    eventLoop,
    trust,
    policy: readiness.policy,
    fleet: (): FleetReport => fleet.report(),
    certificates: certificates.all,
    recentLogLines,
    tracer,
    stack,
  });
  const { breakers, connections, lifecycle, monitor, systemWatch } = kit;

  const timeCall = createCallMetrics(metrics, ["postgres", "redis"]);
  const url = addresses.databaseUrl;
  const postgres = await composePostgres({
    config,
    url,
    logger,
    certificates,
    breakers,
    history: kit.history,
    checkSoon: monitor.checkSoon,
    metrics,
    timeCall,
    tracer,
    stack,
    overrides,
  });
  const db = postgres.database;
  const target = addresses.redis;
  const { redis, clients, onRedisBack, ...redisParts } = composeRedis({
    config,
    target,
    logger,
    certificates,
    breakers,
    history: kit.history,
    timeCall,
    tracer,
    stack,
    overrides,
  });
  const background = { db: postgres.background, redis: redisParts.background };
  const checks = [...postgres.checks, ...redisParts.checks, ...processChecks(config, isLoopSaturated)];
  for (const check of checks) kit.addCheck(check);

  const fleet = composeFleet({
    config,
    clock,
    logger,
    metrics,
    identity,
    readiness,
    background,
    monitor,
    systemWatch,
    stack,
    overrides,
  });
  const { outbox, devRoutes, mailPage } = composeMail({
    config,
    clock,
    logger,
    metrics,
    certificates,
    lifecycle,
    addCheck: kit.addCheck,
    db: background.db,
    tracer,
    stack,
  });
  const { jwtSecret } = addresses;
  const isEnabled = config.auth.cachesSessions;
  const sessionCache =
    overrides.redis === undefined
      ? composeSessionCache({ isEnabled, clients, redis: background.redis, logger, metrics, stack })
      : {};
  const bucket = composeBucket({ config, clock, breakers, certificates, tracer, addCheck: kit.addCheck });
  const uploadParts = composeUploads({ config, logger, bucket, db, tracer, stack, overrides });
  const auth = composeAuth({
    config,
    logger,
    jwtSecret,
    db,
    redis,
    background,
    sessionCache,
    onRedisBack,
    outbox,
    tracer,
    certificates,
    addCheck: kit.addCheck,
    removeFiles: uploadParts.files.remove,
    stack,
    overrides,
  });
  const { isStillSignedIn } = auth;
  const stream = composeStream({
    config,
    target,
    metrics,
    db,
    redis,
    connections,
    isStillSignedIn,
    stack,
    overrides,
  });
  const api = { authenticate: auth.authenticate, page: auth.page, create: createOnce(db) };
  const features = composeFeatures({ db, api, uploadParts, stream });
  const testRoutes = overrides.routes?.({ db, redis, lifecycle, connections, logger }) ?? [];

  const servesOperators = config.http.managementPort === undefined;
  const headers = securityHeaders(config);
  const app = createApp({
    answerOps: servesOperators ? kit.answer : kit.probes.answer,
    admits: eventLoop.admits,
    queue,
    startTrace: startRequest,
    onFinished: composeRequestRecord({ logger, httpMetrics: kit.httpMetrics }),
    connections,
    securityHeaders: headers,
    about: { identity, cookieName: config.auth.cookieName, servesOperators, demoLogin, mailPage },
    routes: [...auth.routes, ...testRoutes, ...features],
    unlistedRoutes: devRoutes,
    assertAvailable: createAssertAvailable({ postgres: postgres.breakers, redis: redisParts.breakers }),
    trust,
    logger,
    corsOrigins: config.auth.corsOrigins,
  });
  const { server, management } = composeListeners({
    config,
    clock,
    logger,
    kit,
    app,
    securityHeaders: headers,
    stack,
  });
  return { config, addresses, logger, kit, db, redis, outbox, passwords: auth.passwords, server, management };
}

export type Parts = Awaited<ReturnType<typeof compose>>;
