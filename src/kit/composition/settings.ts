import { hostname } from "node:os";
import { steadyClock } from "../../core/timing/clock.ts";
import type { Identity } from "../health/health-report.ts";
import type { HealthOptions } from "../options.ts";
import { watchEventLoop } from "../overload/event-loop-watch.ts";

/** Returns the options that several parts read, with their defaults. */
export function settingsOf(options: HealthOptions) {
  const { service, version = "0.0.0", instance = hostname(), facts = {} } = options;
  const { checks = [], intervalMs = 2000, timeoutMs = 2000 } = options;
  const { closeOn = "signal", clock = steadyClock, maxEventLoopDelayMs = 50 } = options;
  const identity: Identity = { service, version, instance, ...facts };
  return {
    identity,
    checks,
    intervalMs,
    timeoutMs,
    closeOn,
    clock,
    eventLoop: options.eventLoop ?? watchEventLoop(maxEventLoopDelayMs),
    operators: options.operators === false ? undefined : (options.operators ?? {}),
  };
}

export type Settings = ReturnType<typeof settingsOf>;
