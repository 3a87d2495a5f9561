import { AppError } from "../../core/errors/app-error.ts";
import type { Connections, Exchange } from "../../kit/lifecycle/connections.ts";
import { sendProblem } from "../problem.ts";

/** A time in which this process did not run, or did not return to the event loop. */
type Stall = { endedAt: number; ms: number };

/**
 * Aborts requests that exceed the deadline and answers them. One sweep over all requests costs less than a timer for each.
 * A stall of this process moves the deadlines of the requests that it delayed, each by at most `limitMs`.
 */
export function enforceDeadlines(connections: Pick<Connections, "exchanges">, limitMs: number, now: () => number) {
  const sweepIntervalMs = Math.min(250, limitMs / 4);
  let sweptAt = now();
  let stalls: Stall[] = [];

  const stalledMsSince = (startedAt: number): number => {
    const sum = stalls.reduce((ms, stall) => (stall.endedAt > startedAt ? ms + stall.ms : ms), 0);
    return Math.min(sum, limitMs);
  };

  const sweep = () => {
    const at = now();
    const lateMs = at - sweptAt - sweepIntervalMs;
    sweptAt = at;
    if (lateMs > sweepIntervalMs) stalls.push({ endedAt: at, ms: lateMs });
    stalls = stalls.filter(({ endedAt }) => endedAt > at - 2 * limitMs);
    for (const exchange of connections.exchanges()) {
      const ageMs = at - exchange.startedAt;
      if (ageMs < limitMs || exchange.request.context.hasNoDeadline) continue;
      if (ageMs >= limitMs + stalledMsSince(exchange.startedAt)) expire(exchange);
    }
  };
  const timer = setInterval(sweep, sweepIntervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function expire({ request, response }: Exchange): void {
  const error = new AppError("deadline_exceeded", "The request took too long and was aborted. Retry later.", {
    retryAfterSeconds: 1,
  });
  request.context.abort(error);
  response.shouldKeepAlive = false;
  if (response.headersSent) request.socket.destroy();
  else sendProblem(response, error, request.context.id);
}
