import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { steadyClock } from "../core/clock.ts";
import type { Check } from "./health/check.ts";
import { createHistory } from "./health/history.ts";
import { createMonitor } from "./health/monitor.ts";
import { createProbes } from "./http/probes.ts";
import { trackConnections } from "./lifecycle/connections.ts";
import { type DrainTimes, drain } from "./lifecycle/drain.ts";
import { createLifecycle } from "./lifecycle/phase.ts";
import { createBreakers } from "./resilience/breakers.ts";

// What other servers import as "haven-api/health": health, lifecycle and resilience put together.

export { type Check, CheckFailed, type Reason } from "./health/check.ts";
export type { Change } from "./health/history.ts";
export type { Snapshot } from "./health/snapshot.ts";
export type { DrainTimes } from "./lifecycle/drain.ts";
export type { Breaker, BreakerView } from "./resilience/breaker.ts";

export type KitOptions = {
  service: string;
  version: string;
  instance: string;
  checks: readonly Check[];
  intervalMs?: number;
  timeoutMs?: number;
};

/** Probes that tell the truth, breakers, and a drain that no request notices, for any node:http server. */
export function createHealthKit({ checks, intervalMs = 2000, timeoutMs = 2000, ...identity }: KitOptions) {
  const clock = steadyClock;
  const history = createHistory();
  const lifecycle = createLifecycle(clock);
  const connections = trackConnections(clock);
  const breakers = createBreakers({
    clock,
    retryMs: intervalMs,
    onChange: ({ name, state, since }, from) =>
      history.add({ at: since, kind: "breaker", name, from, to: state, reason: null }),
  });
  const monitor = createMonitor({ checks, intervalMs, timeoutMs, history, clock });
  const probes = createProbes({ identity, snapshot: monitor.snapshot });
  let draining: Promise<{ cut: number }> | undefined;
  lifecycle.onChange(({ phase }) => monitor.setPhase(phase));
  monitor.onSnapshot(({ startedUp }) => {
    if (startedUp) lifecycle.advance("ready");
  });

  return {
    history,
    breakers,
    snapshot: monitor.snapshot,
    /** How a stream or an upgraded socket ends well when the server drains. */
    endsWith: connections.onDrain,
    /** Answers probes and hands everything else to the app. */
    listener(app: (request: IncomingMessage, response: ServerResponse) => void): RequestListener {
      return (request, response) => {
        if (connections.isClosing()) response.shouldKeepAlive = false;
        if (probes.answer(request, response)) return;
        connections.begin(request, response);
        app(request, response);
      };
    },
    /** Begins to check, and to follow the server's connections. */
    watch(server: Server): void {
      connections.watch(server);
      monitor.start();
    },
    /** Takes the server out of service, once; resolves when it is safe to exit. */
    drain(server: Server, times: DrainTimes): Promise<{ cut: number }> {
      draining ??= drain({ server, connections, lifecycle, times }).finally(() => {
        monitor.stop();
        breakers.stop();
      });
      return draining;
    },
  };
}

export type HealthKit = ReturnType<typeof createHealthKit>;
