/** Why a check failed. A closed set, so that no host, user or driver message can appear in an answer. */
export const reasons = [
  "refused",
  "reset",
  "timeout",
  "unreachable",
  "tls",
  "credentials",
  "forbidden",
  "loading",
  "too_many_connections",
  "read_only",
  "not_primary",
  "no_replicas",
  "commit_stalled",
  "locked",
  "missing",
  "disk_full",
  "out_of_memory",
  "cluster_down",
  "out_of_date",
  "over_limit",
  "failed",
] as const;
/**
 * A reason in the answers of probes and operator endpoints.
 * @example const reason: Reason = "read_only";
 */
export type Reason = (typeof reasons)[number];

/**
 * Thrown by a check to report a reason of its own.
 * @example if (queue.length > 10_000) throw new CheckFailed("over_limit");
 */
export class CheckFailed extends Error {
  override readonly name = "CheckFailed";
  /** The reason that answers and the history contain. */
  readonly reason: Reason;

  constructor(reason: Reason, options?: { cause?: unknown }) {
    super(reason, options);
    this.reason = reason;
  }
}
