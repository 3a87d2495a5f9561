/**
 * `guardedFetch`, for outgoing calls.
 * @module fetch
 */

import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../core/errors/app-error.ts";
import { createConcurrencyLimiter } from "../../core/limits/concurrency-limiter.ts";
import { startTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import type { Health } from "../create-health.ts";
import {
  callback,
  count,
  countOrZero,
  faultsIn,
  object,
  positiveDuration,
  type Rule,
  refuse,
  share,
  text,
} from "../option-rules.ts";
import { createRetryBudget } from "./retry-budget.ts";

/**
 * The options of `guardedFetch`.
 * @example const options: GuardedFetchOptions = { health, name: "shop", timeoutMs: 2000, maxConcurrent: 20 };
 */
export type GuardedFetchOptions = {
  /** The kit of the app. Its check with the name `name` closes the breaker. */
  health: Pick<Health, "breakers">;
  /** The name of the breaker, and of the check that it follows. */
  name: string;
  /** Total time limit of a call: the wait in the queue, all attempts and the pauses between them; 5000 unless set. */
  timeoutMs?: number;
  /** The maximum number of attempts of one call; 3 unless set. */
  maxAttempts?: number;
  /**
   * The maximum share of retries in the calls of the last ten seconds; 0.1 unless set. One retry a second is always
   * allowed.
   */
  retryBudget?: number;
  /** The maximum number of concurrent calls; 50 unless set. Further calls wait. */
  maxConcurrent?: number;
  /** With this many calls waiting, further calls are rejected at once; 100 unless set. */
  maxQueued?: number;
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch;
};

const rules: Record<keyof GuardedFetchOptions, Rule> = {
  health: object,
  name: text,
  timeoutMs: positiveDuration,
  maxAttempts: count,
  retryBudget: share,
  maxConcurrent: count,
  maxQueued: countOrZero,
  fetch: callback,
};

/** Methods that may be repeated (RFC 9110, 9.2.2). A request with an `Idempotency-Key` may be repeated as well. */
const repeatable = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);
const retriedStatuses = new Set([502, 503, 504]);
const firstPauseMs = 50;
const maxPauseMs = 1000;

/**
 * Returns a `fetch` for one dependency, with a time limit in total, a retry budget, a breaker and a concurrency limit.
 * It rejects with an `AppError`: `deadline_exceeded` at the time limit, `unavailable` while the breaker is open, and
 * `overloaded` if too many calls wait. The time limit ends with the headers of the response. The caller's signal also
 * covers the body.
 * @example
 * const health = createHealth({ service: "orders", checks: [httpCheck({ name: "shop", url: "http://shop/ready" })] });
 * const shop = guardedFetch({ health, name: "shop", timeoutMs: 2000 });
 * const stock = await (await shop("http://shop/stock")).json();
 */
export function guardedFetch(options: GuardedFetchOptions) {
  refuse("guardedFetch", faultsIn(options, rules));
  const { health, name, timeoutMs = 5000, maxAttempts = 3, maxConcurrent = 50, maxQueued = 100 } = options;
  const doFetch = options.fetch ?? fetch;
  const budget = createRetryBudget({ share: options.retryBudget ?? 0.1 });
  const limiter = createConcurrencyLimiter({
    maxConcurrent,
    maxQueued,
    maxWaitMs: timeoutMs,
    rejectionError: () =>
      new AppError("overloaded", `Too many calls to "${name}" are waiting.`, { retryAfterSeconds: 1 }),
  });
  const breaker = health.breakers.create({ name, isFailure: (error) => error instanceof DependencyFailed });

  /**
   * Makes one attempt. For a status of 500 or above, the breaker counts a failure, and the caller gets the response.
   */
  const attempt = async (input: string | URL, init: RequestInit, caller?: AbortSignal | null): Promise<Response> => {
    try {
      return await breaker.run(async () => {
        const response = await doFetch(input, init).catch((error: unknown) => {
          // An abort by the caller is not a failure of the dependency.
          caller?.throwIfAborted();
          throw new DependencyFailed({ error });
        });
        if (response.status >= 500) throw new DependencyFailed({ response });
        return response;
      });
    } catch (error) {
      if (error instanceof DependencyFailed && error.outcome.response !== undefined) return error.outcome.response;
      throw error;
    }
  };

  return async (input: string | URL, init: RequestInit = {}): Promise<Response> => {
    const caller = init.signal;
    caller?.throwIfAborted();
    const deadline = new AbortController();
    const timeout = startTimeout(timeoutMs, () =>
      deadline.abort(new DOMException("deadline exceeded", "TimeoutError")),
    );
    const signal = caller ? AbortSignal.any([caller, deadline.signal]) : deadline.signal;
    budget.countCall();
    try {
      return await limiter.run(() => attemptUntilDone(input, { ...init, signal }, signal, caller));
    } catch (error) {
      caller?.throwIfAborted();
      if (signal.aborted) throw new AppError("deadline_exceeded", `The dependency "${name}" did not answer in time.`);
      throw error instanceof DependencyFailed ? error.outcome.error : error;
    } finally {
      timeout.cancel();
    }
  };

  async function attemptUntilDone(
    input: string | URL,
    init: RequestInit,
    signal: AbortSignal,
    caller?: AbortSignal | null,
  ): Promise<Response> {
    for (let attempts = 1; ; attempts += 1) {
      signal.throwIfAborted();
      const outcome = await attempt(input, init, caller).then(
        (response) => ({ response }),
        (error: unknown) => ({ error }),
      );
      const hasFailed = "error" in outcome ? outcome.error instanceof DependencyFailed : isRetried(outcome.response);
      const mayRetry =
        hasFailed && attempts < maxAttempts && isRepeatable(init) && !signal.aborted && budget.takeRetry();
      if (!mayRetry) {
        if ("error" in outcome) throw outcome.error;
        return outcome.response;
      }
      // The connection becomes free only after the body was cancelled.
      if ("response" in outcome) await outcome.response.body?.cancel();
      const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

/**
 * A `fetch` for one dependency.
 * @example const shop: GuardedFetch = guardedFetch({ health, name: "shop" });
 */
export type GuardedFetch = ReturnType<typeof guardedFetch>;

const isRetried = ({ status }: Response): boolean => retriedStatuses.has(status);

/**
 * Returns whether a request may be repeated. A stream as the body prevents that, because the first attempt consumes it.
 */
function isRepeatable({ method = "GET", headers, body }: RequestInit): boolean {
  if (body instanceof ReadableStream) return false;
  return repeatable.has(method.toUpperCase()) || new Headers(headers).has("idempotency-key");
}

type FailedOutcome = { error?: unknown; response?: Response };

/** The dependency returned no response or a status of 500 or above, which counts as a failure for the breaker. */
class DependencyFailed extends Error {
  readonly outcome: FailedOutcome;

  constructor(outcome: FailedOutcome) {
    super("dependency failed");
    this.outcome = outcome;
  }
}
