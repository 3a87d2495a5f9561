import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, Redis } from "ioredis";
import type { PasswordCommand } from "../../core/password-command.ts";

type RetryDelay = (attempt: number) => number | null;

/** Makes each connection wait for the password of a program. The driver reads the password when it connects. */
export function awaitPassword(client: Redis | Cluster, command: PasswordCommand, retryDelayMs: RetryDelay): void {
  const connect = client.connect.bind(client);
  const disconnect = client.disconnect.bind(client);
  let isClosed = false;
  Reflect.set(client, "disconnect", (reconnect?: boolean) => {
    isClosed = reconnect !== true;
    disconnect(reconnect);
  });
  Reflect.set(client, "connect", async () => {
    // The driver does not retry if `connect` rejects, so this loop retries.
    for (let attempt = 1; ; attempt += 1) {
      try {
        await command.fresh();
        break;
      } catch (error) {
        client.emit("error", error);
        const delayMs = retryDelayMs(attempt);
        if (delayMs === null) throw error;
        await sleep(delayMs, undefined, { ref: false });
      }
      if (isClosed) return;
    }
    if (!isClosed) await connect();
  });
  const onError = (error: unknown) => {
    if (error instanceof Error && /^(?:WRONGPASS|NOAUTH|ERR invalid password)/.test(error.message))
      command.invalidate();
  };
  client.on("error", onError);
  if (client instanceof Redis) return;
  client.on("node error", onError);
  client.on("+node", (node: Redis) => awaitPassword(node, command, retryDelayMs));
}
