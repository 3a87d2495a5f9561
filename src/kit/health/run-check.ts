import { CheckFailed, type Reason } from "../../core/errors/failure-reason.ts";
import { startTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import type { Capability } from "./check.ts";
import type { Observation } from "./judge.ts";
import { errorCodeOf, reasonOf } from "./reason.ts";

/**
 * Runs a check once and always returns within the time limit. A stall of this process does not count towards the limit.
 * At the limit, the signal of the check is aborted, and the check has failed. Every error, thrown or rejected, becomes
 * a failed observation.
 */
export async function runCheck(
  check: Pick<Capability, "run">,
  timeoutMs: number,
  stop: AbortSignal,
  onError: (error: unknown, reason: Reason) => void = () => undefined,
): Promise<Observation> {
  const startedAt = performance.now();
  const timedOut = new AbortController();
  const timeout = startTimeout(timeoutMs, () => timedOut.abort(new DOMException("check timed out", "TimeoutError")));
  const signal = AbortSignal.any([timedOut.signal, stop]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // Waits for the next iteration of the event loop, so that a check that rejects on the abort can report its own reason.
  const onAbort = () => setImmediate(reject, signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const result = await Promise.race([runAsync(check, signal), aborted]);
    // A check that resolves because it was aborted has not passed.
    signal.throwIfAborted();
    if (result === false) throw new CheckFailed("failed");
    return { ok: true, latencyMs: performance.now() - startedAt };
  } catch (thrown) {
    const error = timedOut.signal.aborted && !(thrown instanceof CheckFailed) ? timedOut.signal.reason : thrown;
    const reason = reasonOf(error);
    if (!stop.aborted) onError(error, reason);
    return { ok: false, latencyMs: performance.now() - startedAt, reason, code: errorCodeOf(error) };
  } finally {
    timeout.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Turns a synchronous exception into a rejection, because `Promise.try` is missing in Node 22. */
const runAsync = async (check: Pick<Capability, "run">, signal: AbortSignal): Promise<unknown> => check.run(signal);
