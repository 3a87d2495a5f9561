import CircuitBreaker from "opossum";
import { AppError } from "../../core/app-error.ts";

export type BreakerStateName = "closed" | "open" | "half_open";

export type BreakerEvent = "success" | "failure" | "rejected" | "opened" | "half_opened" | "closed";

export type BreakerCounts = Readonly<Record<BreakerEvent, number>>;

export type BreakerView = {
  name: string;
  state: BreakerStateName;
  since: number;
  nextAttemptAt: number | null;
  /** Calls and failures of the last moments, and what happened since the start. */
  stats: { windowMs: number; calls: number; failures: number } & Readonly<Record<string, number>>;
};

export type BreakerOptions = {
  name: string;
  /** Whether the dependency failed; anything else it answered, and all that is our own doing, counts as an answer. */
  isFailure(error: unknown): boolean;
  /** How long it stays open before the next trial; with a background check, that check's interval. */
  retryMs: number;
  clock: { now(): number };
  onChange?(view: BreakerView, from: BreakerStateName): void;
  /** Whether a trial that succeeds closes it, or only whoever called for the trial and judges it. */
  closeOn?: "trial" | "word";
  /** Opens after this many failures in a row, and when more than half of the calls of the window failed. */
  maxConsecutiveFailures?: number;
};

const windowMs = 2000;

type Outcome<T> = { ok: true; value: T } | { ok: false; error: unknown };

/**
 * opossum, tamed. It counts and it opens; it never times out, limits or tries by itself: limits belong to the driver
 * and the pool, where they end the work. A call belongs to the generation in which it began, so that an answer from
 * before an opening moves nothing afterwards.
 */
export function createBreaker({
  name,
  isFailure,
  retryMs,
  clock,
  onChange,
  closeOn = "trial",
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
    // Its own half-open state would make a user's request the trial.
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

  /** Thrown inside opossum it counts as a failure; returned, as an answer. */
  const attempt = async <T>(work: () => Promise<T>, begun: number): Promise<Outcome<T>> => {
    try {
      const value = await work();
      if (begun === generation) consecutiveFailures = 0;
      counts.success += 1;
      return { ok: true, value };
    } catch (error) {
      if (!isFailure(error)) return { ok: false, error };
      counts.failure += 1;
      if (begun !== generation) return { ok: false, error };
      consecutiveFailures += 1;
      if (consecutiveFailures >= maxConsecutiveFailures) open();
      throw error;
    }
  };

  const refusal = (): AppError => {
    const waitMs = (nextAttemptAt ?? clock.now()) - clock.now();
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return new AppError("unavailable", `${name} does not answer at the moment.`, { retryAfterSeconds });
  };

  return {
    name,
    view,
    counts: (): BreakerCounts => counts,
    isOpen: (): boolean => state !== "closed",
    /** Opens now, on the word of whoever knows that the dependency is down. */
    open,
    /** Closes now, on the word of whoever knows that the dependency is back. */
    close,
    async run<T>(work: () => Promise<T>): Promise<T> {
      if (state !== "closed") {
        counts.rejected += 1;
        throw refusal();
      }
      const begun = generation;
      const outcome = (await circuit.fire(() => attempt(work, begun))) as Outcome<T>;
      if (outcome.ok) return outcome.value;
      throw outcome.error;
    },
    /** Runs what no request waits for: refused while the breaker is open, and never a reason to open it. */
    async runUncounted<T>(work: () => Promise<T>): Promise<T> {
      if (state !== "closed") throw refusal();
      return work();
    },
    /**
     * Runs a background check. While the breaker is open this is the one trial: its success closes the breaker, so
     * that no user's request has to be the guinea pig.
     */
    async runTrial<T>(work: () => Promise<T>): Promise<T> {
      if (state === "closed") return work();
      // A trial that hung was given up by its check; the next one takes its place.
      if (state === "half_open") generation += 1;
      else enter("half_open", "half_opened");
      const begun = generation;
      try {
        const value = await work();
        if (begun === generation) {
          if (closeOn === "trial") close();
          else enter("open", "opened");
        }
        return value;
      } catch (error) {
        if (begun === generation) enter("open", "opened");
        throw error;
      }
    },
    stop: (): void => circuit.shutdown(),
  };
}

export type Breaker = ReturnType<typeof createBreaker>;
