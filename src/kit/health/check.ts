/** Why a check failed. A closed set, so that no host, user or driver message can appear in an answer. */
export type Reason =
  | "refused"
  | "reset"
  | "timeout"
  | "unreachable"
  | "denied"
  | "starting_up"
  | "too_many_connections"
  | "out_of_date"
  | "over_limit"
  | "failed";

/**
 * A background test of a dependency.
 * @example const check: Check = { name: "db", critical: true, run: (signal) => db.ping(signal) };
 */
export type Check = {
  name: string;
  /** A failing critical check takes the instance out of rotation; other checks only degrade it. */
  critical: boolean;
  /** The instance does not become ready before this check has passed once. `critical` implies it. */
  startup?: boolean;
  /** Resolves if the dependency works. The signal aborts at the time limit, and must end the work. */
  run(signal: AbortSignal): Promise<unknown>;
};

/**
 * Thrown by a check to report a reason of its own.
 * @example if (queue.length > 10_000) throw new CheckFailed("over_limit");
 */
export class CheckFailed extends Error {
  override readonly name = "CheckFailed";
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

const reasonsByCode: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
  ABORT_ERR: "timeout",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  "28P01": "denied",
  "28000": "denied",
  "57P01": "reset",
  "57P02": "reset",
  "57P03": "starting_up",
  "57014": "timeout",
  "53300": "too_many_connections",
};

const reasonsByMessage: readonly (readonly [RegExp, Reason])[] = [
  [/WRONGPASS|NOAUTH|NOPERM/, "denied"],
  [/^LOADING/, "starting_up"],
  [/max number of clients/, "too_many_connections"],
  [/time(d )?.?out/i, "timeout"],
  [/terminated|closed/i, "reset"],
];

/** The reason of an error that a driver, Node or a check has thrown. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof CheckFailed) return error.reason;
  if (!(error instanceof Error)) return "failed";
  if (error.name === "TimeoutError" || error.name === "AbortError") return "timeout";
  const code = "code" in error ? String(error.code) : "";
  const byMessage = reasonsByMessage.find(([pattern]) => pattern.test(error.message))?.[1];
  return reasonsByCode[code] ?? byMessage ?? (error.cause === undefined ? "failed" : reasonOf(error.cause));
}
