import type { Socket } from "node:net";

const maxPerTick = 32;

/**
 * Limits pipelined requests. One read of a socket can contain two thousand requests, and all of them would start in one
 * iteration of the event loop. Requests from one read follow each other directly, so one counter for all sockets is enough.
 */
export function createPipeliningLimit() {
  let socket: Socket | undefined;
  let count = 0;
  let isResetScheduled = false;

  const reset = () => {
    socket = undefined;
    isResetScheduled = false;
  };

  return {
    /** Returns the reason to reject a request, if too many have arrived at once. */
    error(current: Socket): string | undefined {
      if (current !== socket) {
        socket = current;
        count = 1;
        return undefined;
      }
      count += 1;
      if (!isResetScheduled) {
        isResetScheduled = true;
        setImmediate(reset);
      }
      return count > maxPerTick ? "Too many pipelined requests: wait for responses." : undefined;
    },
  };
}
