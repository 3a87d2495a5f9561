import { tmpdir } from "node:os";
import type { CheckName } from "../config/parsers.ts";
import type { Config } from "../config/read-config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { EventLoopWatch } from "../http/listener/overload.ts";
import { diskCheck, eventLoopCheck, memoryCheck, readMemory } from "../kit/checks/process.ts";
import type { Check } from "../kit/health/check.ts";
import { type Change, createHistory } from "../kit/health/history.ts";
import { createMonitor } from "../kit/health/monitor.ts";
import type { ReadinessPolicy } from "../kit/health/readiness-policy.ts";
import { createSamples } from "../kit/health/samples.ts";
import { createProbes } from "../kit/http/probes.ts";
import type { Lifecycle } from "../kit/lifecycle/phase.ts";
import { createBreakers } from "../kit/resilience/breakers.ts";
import { addBreakerMetrics } from "../metrics/breakers.ts";
import { createHealthMetrics } from "../metrics/health.ts";
import { addMemoryMetrics } from "../metrics/memory.ts";
import type { Metrics } from "../metrics/registry.ts";

export type Identity = { service: string; version: string; instance: string };

export type RecordDeps = { config: Config; clock: Clock; logger: Logger; metrics: Metrics };

/** The history and the breakers that write into it. */
export function composeHistoryAndBreakers({ config, clock, logger, metrics }: RecordDeps) {
  const history = createHistory();
  history.onChange(({ at: _, ...change }) => logger[isWorse(change) ? "warn" : "info"]({ change }, inWords(change)));
  const breakers = createBreakers({
    clock,
    retryMs: config.health.intervalMs,
    closeOn: "word",
    onChange: ({ name, state, since }, from) => {
      // Trials come and go with every check; what an operator wants to know is when it opened and when it closed.
      if (state !== "closed" && from !== "closed") return;
      history.add({ at: since, kind: "breaker", name, from, to: state, reason: null });
    },
  });
  addBreakerMetrics(metrics, breakers.all);
  addMemoryMetrics(metrics, readMemory);
  return { history, breakers };
}

const inWords = ({ name, from, to, reason }: Omit<Change, "at">): string =>
  `${name} went from ${from} to ${to}${reason === null ? "" : ` (${reason})`}`;

const isWorse = ({ to }: Pick<Change, "to">): boolean => to === "down" || to === "not_ready" || to === "open";

export type HealthDeps = RecordDeps & {
  identity: Identity;
  lifecycle: Lifecycle;
  eventLoop: EventLoopWatch;
  checksOfServices: readonly Check[];
  record: ReturnType<typeof composeHistoryAndBreakers>;
  policy: ReadinessPolicy;
};

/** The monitor, what it feeds, and the probes that read it. */
export function composeHealth(deps: HealthDeps) {
  const { config, clock, metrics, identity, lifecycle, eventLoop, checksOfServices, record } = deps;
  const { history, breakers } = record;
  const critical = (name: CheckName) => config.health.requires.includes(name);
  const checks = [
    ...checksOfServices,
    eventLoopCheck(eventLoop, critical("event-loop")),
    memoryCheck(readMemory, critical("memory")),
    diskCheck(tmpdir(), critical("disk")),
  ];

  const samples = createSamples(clock);
  const monitor = createMonitor({
    checks,
    ...config.health,
    history,
    clock,
    policy: deps.policy,
    onResult(name, seen, status) {
      samples.add(name, seen);
      healthMetrics.observe(name, seen);
      const breaker = breakers.all().find((one) => one.name === name);
      // What the check knows to be down need not be found out again by five requests, nor closed by a lucky one.
      if (status === "down" && !seen.ok) breaker?.open();
      if (status === "up" && seen.ok) breaker?.close();
    },
  });
  const probes = createProbes({ identity, snapshot: monitor.snapshot, paths: config.health.paths });
  const healthMetrics = createHealthMetrics(metrics, {
    checks: () => monitor.snapshot().checks,
    ready: () => monitor.snapshot().ready,
    phase: () => lifecycle.current().phase,
    probes: probes.counts,
    changes: history.counts,
  });

  lifecycle.onChange(({ phase }) => monitor.setPhase(phase));
  monitor.onSnapshot(({ startedUp }) => {
    if (startedUp && lifecycle.is("starting")) lifecycle.advance("ready");
  });
  return { monitor, probes, samples };
}

export type HealthParts = ReturnType<typeof composeHealth>;
