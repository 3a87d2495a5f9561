import { createRequestQueue } from "../http/listener/request-queue.ts";
import { watchEventLoop } from "../kit/overload/event-loop-watch.ts";

/** The longest time that a request waits for its start before the server counts as overloaded. */
const maxWaitMs = 250;

/**
 * The server is overloaded if its event loop is late, or if requests wait for their start. With a limit of 0 no request is
 * refused for either.
 */
export function composeOverload(eventLoopLimitMs: number) {
  const loop = watchEventLoop(eventLoopLimitMs);
  const queue = createRequestQueue(eventLoopLimitMs === 0 ? 0 : maxWaitMs);
  const eventLoop = {
    ...loop,
    isShedding: () => loop.isShedding() || queue.isRefusing(),
    shedCount: () => loop.shedCount() + queue.refusedCount(),
  };
  return { eventLoop, queue, isLoopSaturated: loop.isShedding };
}
