/**
 * The probes that an orchestrator polls.
 * @example const probe: ProbeKind = "ready";
 */
export type ProbeKind = "live" | "ready" | "startup";

/**
 * A further probe path, or another probe at a default path.
 * @example const path: ProbePath = { path: "/healthz", probe: "ready" };
 */
export type ProbePath = {
  /** Begins with `/`. */
  path: string;
  /** The probe that is served at this path. */
  probe: ProbeKind;
};
