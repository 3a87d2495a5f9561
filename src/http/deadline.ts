import { AppError } from "../core/app-error.ts";
import type { Connections, Exchange } from "../kit/lifecycle/connections.ts";
import { sendProblem } from "./problem.ts";

/**
 * Ends requests that take too long: what works for them is aborted, then they are answered. One sweep for all
 * requests costs less than a timer for each.
 */
export function enforceDeadlines(connections: Pick<Connections, "exchanges">, limitMs: number, now: () => number) {
  const sweep = () => {
    const oldest = now() - limitMs;
    for (const exchange of connections.exchanges()) {
      if (exchange.startedAt <= oldest && !exchange.request.context.endless) expire(exchange);
    }
  };
  const timer = setInterval(sweep, Math.min(250, limitMs / 4));
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function expire({ request, response }: Exchange): void {
  const error = new AppError("deadline_exceeded", "The request was given up; it can be tried again.", {
    retryAfterSeconds: 1,
  });
  request.context.abort(error);
  response.shouldKeepAlive = false;
  if (response.headersSent) request.socket.destroy();
  else sendProblem(response, error, request.context.id);
}
