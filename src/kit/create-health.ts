import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { newRequestId } from "../core/ids.ts";
import { createChecking } from "./composition/checking.ts";
import { createEndpoints } from "./composition/endpoints.ts";
import { createMeasuring } from "./composition/measuring.ts";
import { settingsOf } from "./composition/settings.ts";
import { warn } from "./guard-callback.ts";
import type { Check } from "./health/check.ts";
import { createHealthReporter } from "./health/health-reporter.ts";
import { createAppListener } from "./http/app-listener.ts";
import { createManagementPort } from "./http/management-port.ts";
import { createProbes } from "./http/probes.ts";
import { type Exchange, trackConnections } from "./lifecycle/connections.ts";
import { type DrainTimes, drain, refuseWrongTimes } from "./lifecycle/drain.ts";
import { defaultDrainTimes, type StopOptions, stopOnSignals } from "./lifecycle/stop-on-signals.ts";
import type { HealthOptions } from "./options.ts";
import { refuseCheck, refuseWrongOptions } from "./refuse-wrong-options.ts";

function buildHealth(options: HealthOptions) {
  const settings = settingsOf(options);
  const { identity, clock, eventLoop, operators, closeOn } = settings;
  const connections = trackConnections(clock);
  const checking = createChecking(options, settings, (name, observation) => healthMetrics.observe(name, observation));
  const { history, lifecycle, breakers, monitor } = checking;
  const probes = createProbes({ identity, snapshot: monitor.snapshot, paths: options.probePaths ?? [] });
  const measuring = createMeasuring({ metrics: options.metrics, settings, checking, connections, probes });
  const { metrics, healthMetrics, httpMetrics, systemWatch } = measuring;
  const fleet = checking.fleetOfApp?.join(monitor, systemWatch, metrics);
  const report = createHealthReporter({
    identity,
    snapshot: monitor.snapshot,
    history,
    breakers: breakers.views,
    systemWatch,
    certificates: options.certificates ?? (() => []),
    details: options.details ?? {},
  });
  const endpoints = createEndpoints({
    settings,
    checking,
    probes,
    metrics,
    report,
    fleet: fleet?.report,
    appPaths: options.appPaths ?? [],
  });
  const { sendError, createManagementServer } = endpoints;
  const management = createManagementPort(operators?.managementPort, () =>
    createManagementServer({ headersTimeoutMs: 10_000, keepAliveTimeoutMs: 75_000 }),
  );
  const app = createAppListener({
    answer: endpoints.answerBeforeApp,
    connections,
    admits: eventLoop.admits,
    reject: (response, error) => sendError(response, error, newRequestId()),
    observe: httpMetrics.observe,
    ...(options.routeOf !== undefined && { routeOf: options.routeOf }),
  });

  const allChecks = [...settings.checks];
  const servers = new Set<Server>();
  let stopped = false;
  let draining: Promise<{ cut: number }> | undefined;
  const health = {
    // The parts of the kit, for a server that has its own request listener or adds metrics.
    /** @internal */
    monitor,
    /** @internal */
    history,
    /** @internal */
    lifecycle,
    /** @internal */
    connections,
    /** @internal */
    probes,
    /** @internal */
    systemWatch,
    /** @internal */
    httpMetrics,
    /**
     * Creates circuit breakers, and lists them.
     * @example const breaker = health.breakers.create({ name: "shop", isFailure: () => true });
     */
    breakers,
    /**
     * Returns the last evaluated state of all checks.
     * @example if (!health.snapshot().ready) log.warn(health.snapshot().checks);
     */
    snapshot: monitor.snapshot,
    /**
     * Returns the report that `/health/detailed` answers with.
     * @example console.log(health.report().status);
     */
    report,
    /**
     * Adds a check before the start.
     * @example health.addCheck({ name: "queue", critical: false, run: (signal) => queue.ping(signal) });
     */
    addCheck(check: Check): void {
      refuseCheck(check);
      monitor.addCheck(check);
      allChecks.push(check);
    },
    /**
     * Registers how a stream or an upgraded socket ends when the server drains. Returns a function that removes the
     * registration.
     * @example const unregister = health.onDrain(() => socket.close(1001));
     */
    onDrain: connections.onDrain,
    /**
     * Answers probes and operator endpoints; returns false for any other request.
     * @example createServer((request, response) => void (health.answer(request, response) || app(request, response)));
     */
    answer: endpoints.answerBeforeApp,
    /**
     * Answers probes and operator endpoints before any other request listener of this server, tracks the connections of
     * the server, and starts the checks. Call it before the server listens, or immediately after.
     * @example health.attach(express().listen(3000));
     */
    attach(server: Server): void {
      app.attach(server);
      health.watch(server);
    },
    /**
     * Wraps the app: answers probes and operator endpoints, and tracks every other request.
     * @example const server = createServer(health.listener(app)); health.watch(server);
     */
    listener: (handler: (request: IncomingMessage, response: ServerResponse) => void): RequestListener =>
      app.wrap(handler),
    /**
     * Names the route of a request for the metrics, where the framework has a request object of its own.
     * @example fastify.addHook("onRequest", async (request) => health.nameRoute(request.raw, request.routeOptions.url));
     */
    nameRoute: app.nameRoute,
    /**
     * Creates a server for a second port that answers probes and operator endpoints only.
     * @internal
     */
    createManagementServer,
    /**
     * Tracks the connections of the server, and starts the checks. Not needed after `attach`.
     * @example health.watch(createServer(health.listener(app)).listen(3000));
     */
    watch(server: Server): void {
      servers.add(server);
      connections.watch(server);
      start();
    },
    /**
     * Starts the checks and opens the management port, for an app without a server. Not needed after `attach`.
     * @example health.start();
     */
    start,
    /**
     * Takes this server and all other attached or watched servers out of service. Resolves when the process can exit,
     * with the number of requests that were cut. A second call waits for the same drain.
     * @example await health.drain(server, { delayMs: 8000, lingerMs: 3000, timeoutMs: 25_000 });
     */
    drain(server: Server, times: DrainTimes, onCut?: (exchange: Exchange) => void): Promise<{ cut: number }> {
      if (draining !== undefined) return draining;
      refuseWrongTimes(times);
      if (!connections.isWatched(server)) warn("drain: a server is not attached, so its requests are cut", undefined);
      servers.add(server);
      draining = drain({ servers, connections, lifecycle, times, ...(onCut !== undefined && { onCut }) }).then(
        async (result) => {
          await fleet?.leave();
          return result;
        },
      );
      return draining;
    },
    /**
     * Drains at SIGTERM or SIGINT, closes what the app opened, and exits.
     * @example health.stopOnSignals(server, { drain: { delayMs: 5000 }, close: () => pool.end() });
     */
    stopOnSignals(server: Server, options: StopOptions = {}): void {
      refuseWrongTimes({ ...defaultDrainTimes, ...options.drain });
      stopOnSignals((times, onCut) => health.drain(server, times, onCut), health.stop, options);
    },
    /**
     * Stops checks, breakers, timers and the management port. Not needed with `stopOnSignals`.
     * @example after(() => health.stop());
     */
    stop(): void {
      if (stopped) return;
      stopped = true;
      monitor.stop();
      void fleet?.leave();
      for (const check of allChecks) closeCheck(check);
      systemWatch.stop();
      if (options.eventLoop === undefined) eventLoop.stop();
      breakers.stop();
      management.close();
    },
  };
  return health;

  function start(): void {
    const names = new Set(monitor.capabilityNames());
    const unchecked = breakers.all().find(({ name }) => !names.has(name));
    if (closeOn === "signal" && unchecked !== undefined) {
      throw new Error(`breaker "${unchecked.name}" has no check of the same name, so nothing would close it`);
    }
    fleet?.refuseUnknownChecks();
    monitor.start();
    management.open();
  }
}

/** A check that cannot close must not prevent the stop of the others. */
function closeCheck(check: Check): void {
  try {
    check.close?.();
  } catch (error) {
    warn(`closing the check "${check.name}" failed`, error);
  }
}

/**
 * The kit of one app, as `createHealth` returns it.
 * @example const startJobs = (health: Health) => health.onDrain(() => jobs.stop());
 */
export interface Health extends ReturnType<typeof buildHealth> {}

/**
 * Creates health checks, probes, circuit breakers, operator endpoints, metrics and a drain, for any `node:http` server.
 * @example
 * const health = createHealth({ service: "orders", checks: [{ name: "db", critical: true, run: (signal) => db.ping(signal) }] });
 * const server = createServer(app).listen(3000);
 * health.attach(server);
 * health.stopOnSignals(server);
 */
export function createHealth(options: HealthOptions): Health {
  refuseWrongOptions(options);
  return buildHealth(options);
}
