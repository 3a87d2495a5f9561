import { CheckFailed } from "../../core/errors/failure-reason.ts";
import { createFleetOfApp } from "../fleet/fleet-of-app.ts";
import { guard, warn } from "../guard-callback.ts";
import { createHistory } from "../health/history.ts";
import type { Observation } from "../health/judge.ts";
import { createMonitor } from "../health/monitor.ts";
import { strictPolicy } from "../health/readiness-policy.ts";
import { createSamples } from "../health/samples.ts";
import { createLifecycle } from "../lifecycle/phase.ts";
import type { HealthOptions } from "../options.ts";
import { createBreakers } from "../resilience/breakers.ts";
import type { Settings } from "./settings.ts";

/** Creates the monitor of the checks, and the parts that follow the results: history, samples, phase and breakers. */
export function createChecking(
  options: HealthOptions,
  settings: Settings,
  observe: (name: string, observation: Observation) => void,
) {
  const { identity, checks, intervalMs, timeoutMs, closeOn, clock } = settings;
  const history = createHistory();
  if (options.onChange !== undefined) history.onChange(options.onChange);
  const lifecycle = createLifecycle(clock);
  const samples = createSamples(clock);
  const breakers = createBreakers({
    clock,
    onSymptom: (name) => monitor.checkSoon(name),
    closeOn,
    retryMs: intervalMs,
    onChange: ({ name, state, since }, from) => {
      // While the breaker is open each check is a trial, so only opening and closing are recorded.
      if (state !== "closed" && from !== "closed") return;
      history.add({ at: since, kind: "breaker", name, from, to: state, reason: null });
    },
  });
  const fleetOfApp = options.fleet && createFleetOfApp(options.fleet, { identity, intervalMs, timeoutMs, clock });
  const monitor = createMonitor({
    checks,
    intervalMs,
    timeoutMs,
    history,
    clock,
    policy: fleetOfApp?.policy ?? options.policy ?? strictPolicy,
    onResult(name, observation, status) {
      samples.add(name, observation);
      observe(name, observation);
      guard("onResult", () => options.onResult?.(name, observation, status));
      if (closeOn === "signal" && observation.ok && status === "up") breakers.close(name);
    },
    onError(name, error, reason) {
      if (options.onCheckError !== undefined) guard("onCheckError", () => options.onCheckError?.(name, error));
      else if (reason === "failed" && !(error instanceof CheckFailed)) warn(`the check "${name}" failed`, error);
    },
    onDown(name) {
      if (closeOn === "signal") breakers.open(name);
    },
  });
  lifecycle.onChange(({ phase }) => monitor.setPhase(phase));
  monitor.onSnapshot(({ startedUp }) => {
    if (startedUp && lifecycle.is("starting")) lifecycle.advance("ready");
  });
  return { history, lifecycle, samples, breakers, fleetOfApp, monitor };
}

export type Checking = ReturnType<typeof createChecking>;
