// The public API of the package @haven-api/health.

export { AppError } from "../core/app-error.ts";
export type { ProbeKind, ProbePath } from "../core/probe-kind.ts";
export { diskCheck, eventLoopCheck, memoryCheck, readMemory } from "./checks/process-checks.ts";
export type { Capability, Check } from "./health/check.ts";
export type { FleetReport, HealthReport, Identity } from "./health/health-report.ts";
export type { Change } from "./health/history.ts";
export type { CapabilityStatus, CheckStatus, Observation } from "./health/judge.ts";
export type { ReadinessPolicy } from "./health/readiness-policy.ts";
export { CheckFailed, type Reason } from "./health/reason.ts";
export type { Snapshot } from "./health/snapshot.ts";
export { createHealthKit, type HealthKit, type HealthKitOptions, type OperatorOptions } from "./health-kit.ts";
export type { DrainTimes } from "./lifecycle/drain.ts";
export type { Phase } from "./lifecycle/phase.ts";
export { onStopSignals } from "./lifecycle/signals.ts";
export type { Breaker, BreakerView, CloseOn } from "./resilience/breaker.ts";
