import type { Socket } from "node:net";

const maxPerTurn = 32;

/**
 * A client may pipeline requests, and one read of a socket can hold two thousand of them, which are handled in one turn of
 * the event loop. Requests of one socket that arrive in one turn follow each other directly, so one counter is enough.
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
    exceeds(current: Socket): boolean {
      if (current !== socket) {
        socket = current;
        count = 1;
        return false;
      }
      count += 1;
      if (!isResetScheduled) {
        isResetScheduled = true;
        setImmediate(reset);
      }
      return count > maxPerTurn;
    },
  };
}
