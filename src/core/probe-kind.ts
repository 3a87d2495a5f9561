/** The probes that an orchestrator polls. */
export type ProbeKind = "live" | "ready" | "startup";

/** A further probe path, or another probe at a default path. */
export type ProbePath = { path: string; probe: ProbeKind };
