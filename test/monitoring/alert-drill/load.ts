import { ask } from "../../shared/requests/http.ts";

/** Sends requests from a few clients until the returned function is called. Each client has one request at a time. */
export function sendEndlessly(send: () => Promise<unknown>, { clients = 2, pauseMs = 0 } = {}): () => Promise<void> {
  let isRunning = true;
  const client = async () => {
    while (isRunning) {
      await send().catch(() => undefined);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const all = Array.from({ length: clients }, client);
  return async () => {
    isRunning = false;
    await Promise.all(all);
  };
}

export const get = (url: string, timeoutMs = 20_000): Promise<unknown> => ask(url, { timeoutMs });

/** Settings with long time-outs, so that a slow store counts as slow and not as failed. */
export const longTimeouts = {
  HEALTH_CHECK_TIMEOUT: "8000",
  REDIS_COMMAND_TIMEOUT_MS: "8000",
  DB_CONNECT_TIMEOUT_MS: "10000",
};
