import CircuitBreaker from "opossum";
import { AppError, type ErrorCode } from "../../core/errors/app-error.ts";

export type BreakerStateName = "closed" | "open" | "half_open";

export type BreakerEvent = "success" | "failure" | "rejected" | "opened" | "half_opened" | "closed";

export type BreakerCounts = Readonly<Record<BreakerEvent, number>>;

/**
 * The state of a breaker at one moment.
 * @example const { name, state }: BreakerView = breaker.view();
 */
export type BreakerView = {
  /** The name of the breaker, and of the check that it follows. */
  name: string;
  /** While it is open, calls are rejected at once. */
  state: BreakerStateName;
  /** When the state began, in milliseconds since 1970. */
  since: number;
  /** When the next trial is due; null unless the breaker is open. */
  nextAttemptAt: number | null;
  /** Calls and failures of the last `windowMs`, and the number of each event since the start. */
  stats: { windowMs: number; calls: number; failures: number } & Readonly<Record<string, number>>;
};

/**
 * What closes an open breaker. "signal": only `close()`, called when the health check of the same name is up again.
 * "trial": the first successful trial.
 * @example const closeOn: CloseOn = "trial";
 */
export type CloseOn = "signal" | "trial";

export type BreakerOptions = {
  name: string;
  /** Returns whether the error is a failure of the dependency. Errors of the caller and local limits are not. */
  isFailure(error: unknown): boolean;
  /** Whether the error may have its cause in the dependency, so that its check runs at once; `isFailure` unless set. */
  isSymptom?(error: unknown): boolean;
  onSymptom?(error: unknown): void;
  /** The code of the error while the breaker is open; `unavailable` unless set. */
  codeWhileOpen?(): Extract<ErrorCode, "unavailable" | "read_only">;
  /** Time until the next trial, reported as `nextAttemptAt`: the interval of the health check. */
  retryMs: number;
  clock: { now(): number };
  onChange?(view: BreakerView, from: BreakerStateName): void;
  closeOn?: CloseOn;
  /**
   * The breaker opens after this many failures in a row, and when more than half of the calls of two seconds failed.
   */
  maxConsecutiveFailures?: number;
};

const windowMs = 2000;

type Outcome<T> = { ok: true; value: T } | { ok: false; error: unknown };

/**
 * Wraps opossum and uses only its rolling statistics. The driver and the pool enforce time limits and concurrency
 * limits, because only they can end the work. Every change of state begins a new generation. The result of a call
 * counts only in the generation in which the call began, so that a late answer from before an opening changes nothing.
 */
export function createBreaker({
  name,
  isFailure,
  isSymptom = isFailure,
  onSymptom,
  codeWhileOpen = () => "unavailable",
  retryMs,
  clock,
  onChange,
  closeOn = "signal",
  maxConsecutiveFailures = 5,
}: BreakerOptions) {
  const circuit = new CircuitBreaker((work: () => Promise<Outcome<unknown>>) => work(), {
    name,
    timeout: false,
    errorThresholdPercentage: 50,
    volumeThreshold: maxConsecutiveFailures,
    rollingCountTimeout: windowMs,
    rollingCountBuckets: 10,
    rollingPercentilesEnabled: false,
    // opossum's own half-open state would use a user request as the trial.
    resetTimeout: 2 ** 31 - 1,
  });
  let state: BreakerStateName = "closed";
  let since = clock.now();
  let nextAttemptAt: number | null = null;
  let generation = 0;
  let consecutiveFailures = 0;
  const counts: Record<BreakerEvent, number> = {
    success: 0,
    failure: 0,
    rejected: 0,
    opened: 0,
    half_opened: 0,
    closed: 0,
  };

  const view = (): BreakerView => {
    const { fires, failures } = circuit.stats;
    return { name, state, since, nextAttemptAt, stats: { windowMs, calls: fires, failures, ...counts } };
  };

  const enter = (next: BreakerStateName, event: BreakerEvent) => {
    const before = state;
    state = next;
    since = clock.now();
    nextAttemptAt = next === "open" ? since + retryMs : null;
    generation += 1;
    consecutiveFailures = 0;
    counts[event] += 1;
    onChange?.(view(), before);
  };

  const open = () => {
    if (state === "open") return;
    enter("open", "opened");
    circuit.open();
  };
  const close = () => {
    if (state === "closed") return;
    circuit.close();
    enter("closed", "closed");
  };
  circuit.on("open", open);

  /** opossum counts a thrown error as a failure, and a returned outcome as a success. */
  const attempt = async <T>(work: () => Promise<T>, startGeneration: number): Promise<Outcome<T>> => {
    try {
      const value = await work();
      if (startGeneration === generation) consecutiveFailures = 0;
      counts.success += 1;
      return { ok: true, value };
    } catch (error) {
      if (isSymptom(error)) onSymptom?.(error);
      if (!isFailure(error)) return { ok: false, error };
      counts.failure += 1;
      if (startGeneration !== generation) return { ok: false, error };
      consecutiveFailures += 1;
      if (consecutiveFailures >= maxConsecutiveFailures) open();
      throw error;
    }
  };

  const rejectionError = (): AppError => {
    const waitMs = (nextAttemptAt ?? clock.now()) - clock.now();
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    const code = codeWhileOpen();
    const store = name.split(":", 1)[0];
    const message =
      code === "read_only"
        ? `The dependency "${store}" accepts no writes at the moment. Reads are served.`
        : `The dependency "${store}" is unavailable.`;
    return new AppError(code, message, { retryAfterSeconds });
  };

  return {
    /** The name of the breaker, and of the check that it follows. */
    name,
    /** Returns the state and the statistics. */
    view,
    /** Returns the number of each event since the start. */
    counts: (): BreakerCounts => counts,
    /** Returns whether calls are rejected. */
    isOpen: (): boolean => state !== "closed",
    /**
     * Throws the error that `run` rejects with while the breaker is open, so that a request fails before it starts
     * work.
     */
    assertClosed(): void {
      if (state === "closed") return;
      counts.rejected += 1;
      throw rejectionError();
    },
    /** Opens the breaker at once, because the check reports the dependency as down. */
    open,
    /** Closes the breaker at once, because the check reports the dependency as up. */
    close,
    /** Runs a call for a request. Rejects at once while the breaker is not closed. */
    async run<T>(work: () => Promise<T>): Promise<T> {
      if (state !== "closed") {
        counts.rejected += 1;
        throw rejectionError();
      }
      const startGeneration = generation;
      const outcome = (await circuit.fire(() => attempt(work, startGeneration))) as Outcome<T>;
      if (outcome.ok) return outcome.value;
      throw outcome.error;
    },
    /**
     * Runs work that no request waits for. Rejects while the breaker is open. A failure of the work does not open the
     * breaker.
     */
    async runUncounted<T>(work: () => Promise<T>): Promise<T> {
      if (state !== "closed") throw rejectionError();
      return work();
    },
    /**
     * Runs a background check. While the breaker is open, the check is the trial, so that no user request serves as the
     * trial.
     */
    async runTrial<T>(work: () => Promise<T>): Promise<T> {
      if (state === "closed") return work();
      // The previous trial hangs and was abandoned, so this one replaces it.
      if (state === "half_open") generation += 1;
      else enter("half_open", "half_opened");
      const startGeneration = generation;
      try {
        const value = await work();
        if (startGeneration === generation) {
          if (closeOn === "trial") close();
          else enter("open", "opened");
        }
        return value;
      } catch (error) {
        if (startGeneration === generation) enter("open", "opened");
        throw error;
      }
    },
    /** Ends the timers of the breaker. */
    stop: (): void => circuit.shutdown(),
  };
}

/**
 * A circuit breaker around the calls to one dependency.
 * @example
 * const breaker: Breaker = health.breakers.create({ name: "shop", isFailure: () => true });
 * const stock = await breaker.run(() => fetchStock(AbortSignal.timeout(1000)));
 */
export interface Breaker extends ReturnType<typeof createBreaker> {}
