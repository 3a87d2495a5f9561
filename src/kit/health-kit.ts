import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { type Clock, steadyClock } from "../core/clock.ts";
import { newRequestId } from "../core/ids.ts";
import type { ProbePath } from "../core/probe-kind.ts";
import type { Check } from "./health/check.ts";
import { type EventLoopFacts, measureEventLoop } from "./health/event-loop.ts";
import type { FleetReport, Identity } from "./health/health-report.ts";
import { createHealthReporter } from "./health/health-reporter.ts";
import { type Change, createHistory } from "./health/history.ts";
import { createMonitor, type OnResult } from "./health/monitor.ts";
import { type ReadinessPolicy, strictPolicy } from "./health/readiness-policy.ts";
import { createSamples } from "./health/samples.ts";
import { type RequestTotals, watchSystem } from "./health/system-watch.ts";
import { createManagementServer, type ManagementLimits } from "./http/management-server.ts";
import { createOperatorEndpoints, type SendError } from "./http/operator-endpoints.ts";
import { createOperatorRoutes, type ExposeMetrics } from "./http/operator-routes.ts";
import { createProbes } from "./http/probes.ts";
import { sendKitProblem } from "./http/problems.ts";
import { type Exchange, trackConnections } from "./lifecycle/connections.ts";
import { type DrainTimes, drain } from "./lifecycle/drain.ts";
import { createLifecycle } from "./lifecycle/phase.ts";
import type { CloseOn } from "./resilience/breaker.ts";
import { createBreakers } from "./resilience/breakers.ts";

export type HealthKitOptions = {
  /** Names the process in the answers. */
  identity: Identity;
  /** Checks to begin with; `addCheck` adds more before the start. */
  checks?: readonly Check[];
  /** Time between two runs of a check; 2000 unless set. */
  intervalMs?: number;
  /** Time limit of one run of a check; 2000 unless set. */
  timeoutMs?: number;
  /** Further probe paths, for example `{ path: "/healthz", probe: "ready" }`. */
  probePaths?: readonly ProbePath[];
  /** Decides which failing critical checks do not take the instance out of rotation; none unless set. */
  policy?: ReadinessPolicy;
  /** What closes an open breaker; "signal" unless set: the check with the name of the breaker is up again. */
  closeOn?: CloseOn;
  /** Operator endpoints are served only if this is set. */
  operators?: OperatorOptions;
  /** Measurements of a server that has its own; the kit measures unless set. */
  eventLoop?: { latest(): EventLoopFacts };
  requests?: { totals(): RequestTotals; shedding(): boolean };
  clock?: Clock;
  onResult?: OnResult;
  /** Called for every change of state, for the log. */
  onChange?: (change: Change) => void;
};

export type OperatorOptions = {
  /** Required as `Authorization: Bearer …`; without it the endpoints are public. */
  token?: string | undefined;
  /** The metrics text for `/metrics`; without it that path is not served. */
  exposeMetrics?: ExposeMetrics;
  /** The report for `/api/v1/instances` and the status page; without it that path is not served. */
  fleet?: () => FleetReport;
  /** Writes an error response; problem+json (RFC 9457) unless set. */
  sendError?: SendError;
  requestIdOf?: (request: IncomingMessage) => string;
  /** Called for errors in an endpoint, for the log. */
  onUnexpectedError?: (error: unknown, requestId: string) => void;
};

/**
 * Health checks, probes, circuit breakers, operator endpoints and a drain, for any `node:http` server.
 * @example
 * const kit = createHealthKit({ identity: { service: "orders", version: "1.0.0", instance: "orders-1" } });
 * kit.addCheck({ name: "db", critical: true, run: (signal) => db.ping(signal) });
 * const server = createServer(kit.listener(app)).listen(3000);
 * kit.watch(server);
 */
export function createHealthKit({
  identity,
  checks = [],
  intervalMs = 2000,
  timeoutMs = 2000,
  probePaths = [],
  policy = strictPolicy,
  closeOn = "signal",
  operators,
  eventLoop,
  requests,
  clock = steadyClock,
  onResult,
  onChange,
}: HealthKitOptions) {
  const history = createHistory();
  if (onChange !== undefined) history.onChange(onChange);
  const lifecycle = createLifecycle(clock);
  const connections = trackConnections(clock);
  const samples = createSamples(clock);
  const breakers = createBreakers({
    clock,
    closeOn,
    retryMs: intervalMs,
    onChange: ({ name, state, since }, from) => {
      // Each check is a trial while the breaker is open, so only opening and closing are changes worth a record.
      if (state !== "closed" && from !== "closed") return;
      history.add({ at: since, kind: "breaker", name, from, to: state, reason: null });
    },
  });
  const monitor = createMonitor({
    checks,
    intervalMs,
    timeoutMs,
    history,
    clock,
    policy,
    onResult(name, observation, status) {
      samples.add(name, observation);
      onResult?.(name, observation, status);
      if (closeOn === "signal") breakers.followCheck(name, observation, status);
    },
  });
  lifecycle.onChange(({ phase }) => monitor.setPhase(phase));
  monitor.onSnapshot(({ startedUp }) => {
    if (startedUp && lifecycle.is("starting")) lifecycle.advance("ready");
  });

  const loop = eventLoop === undefined ? measureEventLoop() : { latest: eventLoop.latest, stop: () => undefined };
  const ownTotals: RequestTotals = { requests: 0, errors: 0 };
  const systemWatch = watchSystem({
    eventLoop: loop,
    http: {
      inFlight: connections.inFlight,
      connections: connections.sockets,
      shedding: requests?.shedding ?? (() => false),
      totals: requests?.totals ?? (() => ownTotals),
    },
  });

  const probes = createProbes({ identity, snapshot: monitor.snapshot, paths: probePaths });
  const report = createHealthReporter({
    identity,
    snapshot: monitor.snapshot,
    history,
    breakers: breakers.views,
    systemWatch,
  });
  const sendError = operators?.sendError ?? sendKitProblem;
  const operatorEndpoints =
    operators &&
    createOperatorEndpoints({
      token: operators.token,
      sendError,
      requestIdOf: operators.requestIdOf ?? newRequestId,
      onUnexpectedError: operators.onUnexpectedError ?? (() => undefined),
      routes: createOperatorRoutes({
        report,
        breakers: breakers.views,
        samples,
        intervalMs,
        clock,
        exposeMetrics: operators.exposeMetrics,
        fleet: operators.fleet,
      }),
    });
  const answer = (request: IncomingMessage, response: ServerResponse): boolean =>
    probes.answer(request, response) || (operatorEndpoints?.answer(request, response) ?? false);

  let draining: Promise<{ cut: number }> | undefined;
  return {
    /** The parts, for a server that has its own request listener or adds metrics. */
    monitor,
    history,
    lifecycle,
    connections,
    breakers,
    probes,
    systemWatch,
    snapshot: monitor.snapshot,
    /** The report that `/health/detailed` answers with. */
    report,
    addCheck: monitor.addCheck,
    /** Registers how a stream or an upgraded socket ends when the server drains; returns a function that removes it. */
    onDrain: connections.onDrain,
    /** Answers probes and operator endpoints; returns false for any other request. */
    answer,
    /** Wraps the app: answers probes and operator endpoints, and tracks every other request. */
    listener(app: (request: IncomingMessage, response: ServerResponse) => void): RequestListener {
      return (request, response) => {
        if (connections.isClosing()) response.shouldKeepAlive = false;
        if (answer(request, response)) return;
        connections.begin(request, response);
        response.on("close", () => {
          ownTotals.requests += 1;
          if (response.statusCode >= 500) ownTotals.errors += 1;
        });
        app(request, response);
      };
    },
    /** A server for a second port that answers probes and operator endpoints only. */
    createManagementServer: (limits: ManagementLimits): Server => createManagementServer({ answer, sendError, limits }),
    /** Tracks the connections of the server, and starts the checks. */
    watch(server: Server): void {
      connections.watch(server);
      start();
    },
    /** Starts the checks. */
    start,
    /**
     * Takes the server out of service; resolves when the process can exit, with the number of requests that were cut.
     * A second call waits for the same drain.
     */
    drain(server: Server, times: DrainTimes, onCut?: (exchange: Exchange) => void): Promise<{ cut: number }> {
      draining ??= drain({ server, connections, lifecycle, times, ...(onCut !== undefined && { onCut }) });
      return draining;
    },
    /** Stops checks, breakers and timers. */
    stop(): void {
      monitor.stop();
      systemWatch.stop();
      loop.stop();
      breakers.stop();
    },
  };

  function start(): void {
    const names = new Set(monitor.capabilityNames());
    const unchecked = breakers.all().find(({ name }) => !names.has(name));
    if (closeOn === "signal" && unchecked !== undefined) {
      throw new Error(`breaker "${unchecked.name}" has no check of the same name, so nothing would close it`);
    }
    monitor.start();
  }
}

export type HealthKit = ReturnType<typeof createHealthKit>;
