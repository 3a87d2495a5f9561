/** Why a check failed, in words that may be shown to anyone: never a host, a user or a driver's message. */
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

export type Check = {
  name: string;
  /** A failing critical check takes the instance out of rotation; any other only degrades it. */
  critical: boolean;
  /** Must have passed once before the instance is ready for the first time. */
  startup?: boolean;
  /** Resolves when all is well. The signal ends the work, not only the waiting. */
  run(signal: AbortSignal): Promise<unknown>;
};

/** Thrown by a check that knows its reason. */
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

const reasonsByWord: readonly (readonly [RegExp, Reason])[] = [
  [/WRONGPASS|NOAUTH|NOPERM/, "denied"],
  [/^LOADING/, "starting_up"],
  [/max number of clients/, "too_many_connections"],
  [/time(d )?.?out/i, "timeout"],
  [/terminated|closed/i, "reset"],
];

export function reasonOf(error: unknown): Reason {
  if (error instanceof CheckFailed) return error.reason;
  if (!(error instanceof Error)) return "failed";
  if (error.name === "TimeoutError" || error.name === "AbortError") return "timeout";
  const code = "code" in error ? String(error.code) : "";
  const byWord = reasonsByWord.find(([pattern]) => pattern.test(error.message))?.[1];
  return reasonsByCode[code] ?? byWord ?? (error.cause === undefined ? "failed" : reasonOf(error.cause));
}
