import { AppError } from "../../core/app-error.ts";
import type { Connections, Exchange } from "../../kit/lifecycle/connections.ts";
import { sendProblem } from "../problem.ts";

/** Aborts requests that exceed the deadline and answers them. One sweep over all requests costs less than a timer each. */
export function enforceDeadlines(connections: Pick<Connections, "exchanges">, limitMs: number, now: () => number) {
  const sweep = () => {
    const startedBefore = now() - limitMs;
    for (const exchange of connections.exchanges()) {
      if (exchange.startedAt <= startedBefore && !exchange.request.context.hasNoDeadline) expire(exchange);
    }
  };
  const timer = setInterval(sweep, Math.min(250, limitMs / 4));
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
