import { ask } from "../../shared/requests/http.ts";

/** Sends requests from a few clients, one after the other each, until the returned function is called. */
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

/** Settings with time-outs so long that a slow store stays slow and does not count as failed. */
export const longTimeouts = {
  HEALTH_CHECK_TIMEOUT: "8000",
  REDIS_COMMAND_TIMEOUT_MS: "8000",
  DB_CONNECT_TIMEOUT_MS: "10000",
};
