import { type Check, reasonOf } from "./check.ts";
import type { Observation } from "./judge.ts";

/**
 * Runs a check once and always comes back within its limit: one that hangs is left behind with its signal aborted,
 * and one that throws, at once or late, hurts no other.
 */
export async function runCheck(check: Pick<Check, "run">, timeoutMs: number, stop: AbortSignal): Promise<Observation> {
  const startedAt = performance.now();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new DOMException("The check took too long.", "TimeoutError")), timeoutMs);
  const signal = AbortSignal.any([limit.signal, stop]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([Promise.try(check.run, signal), ended]);
    return { ok: true, latencyMs: performance.now() - startedAt };
  } catch (error) {
    return { ok: false, latencyMs: performance.now() - startedAt, reason: reasonOf(error) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
