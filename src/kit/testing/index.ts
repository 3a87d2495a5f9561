// For tests of apps that use @haven-api/health.

export { type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
export type { Failure, LoadRequest } from "./load.ts";
export { type RollingRestartOptions, type RollingRestartReport, rollingRestart } from "./rolling-restart.ts";
