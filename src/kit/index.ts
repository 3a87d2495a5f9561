// The public API of the package @haven-api/health.

export { AppError } from "../core/errors/app-error.ts";
export { CheckFailed, type Reason } from "../core/errors/failure-reason.ts";
export type { Exposition, ExpositionFormat, Family } from "../core/metrics/exposition.ts";
export type { ProbeKind, ProbePath } from "../core/probe-kind.ts";
export { createHealth, type Health } from "./create-health.ts";
export type { SharedStore } from "./fleet/fleet-store.ts";
export type { DecisionRecord } from "./fleet/outlier-policy.ts";
export type { Capability, Check } from "./health/check.ts";
export type { FleetReport, HealthReport, Identity } from "./health/health-report.ts";
export type { Change } from "./health/history.ts";
export type { CapabilityStatus, CheckStatus, Observation } from "./health/judge.ts";
export type { ReadinessPolicy } from "./health/readiness-policy.ts";
export type { Snapshot } from "./health/snapshot.ts";
export type { DrainTimes } from "./lifecycle/drain.ts";
export type { Phase } from "./lifecycle/phase.ts";
export { onStopSignals } from "./lifecycle/signals.ts";
export { defaultDrainTimes, type StopOptions } from "./lifecycle/stop-on-signals.ts";
export type { MetricsSink } from "./metrics/metrics-sink.ts";
export type { PromClientRegistry } from "./metrics/prom-client.ts";
export type { FleetOptions, HealthOptions, OperatorOptions } from "./options.ts";
export type { Breaker, BreakerView, CloseOn } from "./resilience/breaker.ts";
export type { Breakers } from "./resilience/breakers.ts";
