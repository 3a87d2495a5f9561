import type { Capability } from "../health/check.ts";

/**
 * The options of every ready-made check.
 * @example const options: CheckOptions = { name: "orders-db", critical: false, startup: true };
 */
export type CheckOptions = Partial<Pick<Capability, "critical" | "startup">> & {
  /** The name in answers, metrics and the history; the technology unless set. */
  name?: string;
};

/** Returns the options with their default: a ready-made check is critical unless `critical` is false. */
export const withDefaults = ({ critical = true, startup }: CheckOptions): Pick<Capability, "critical" | "startup"> => ({
  critical,
  ...(startup !== undefined && { startup }),
});
