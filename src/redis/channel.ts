import { randomUUID } from "node:crypto";
import type { RedisTarget } from "../config/store-settings.ts";
import { createRedis, type RedisClient, type RedisLimits, watchConnections } from "./client.ts";
import type { RedisAccess } from "./redis-access.ts";

export type ChannelDeps = { target: RedisTarget; limits: RedisLimits; redis: RedisAccess; name: string };

export type ChannelListener = {
  /** Called with each message of another instance. */
  onMessage(text: string): void;
  /** Called when the subscription starts, also after an interruption in which messages may have been lost. */
  onListening(): void;
};

const checkIntervalMs = 10_000;

/** Sends messages to the other instances through Redis. Delivery is at most once and not awaited. */
export function createRedisChannel({ target, limits, redis, name }: ChannelDeps) {
  const ownId = randomUUID();
  let listening: { client: RedisClient; timer: NodeJS.Timeout } | undefined;

  return {
    publish(text: string): void {
      redis.write((client) => client.publish(name, `${ownId} ${text}`)).catch(() => undefined);
    },

    /** Subscribes over a separate connection. Call once. */
    listen({ onMessage, onListening }: ChannelListener): void {
      if (listening !== undefined) return;
      const client = createRedis(target, limits, "haven-channel");
      let unanswered = false;
      client.on("message", (_channel: string, message: string) => {
        const [from, text] = message.split(" ");
        if (from !== ownId && text !== undefined) onMessage(text);
      });
      watchConnections(client, () => client.subscribe(name).then(onListening, () => undefined));
      // A connection that a device on the way has dropped looks idle, so it is tested with a command.
      const check = () => {
        if (unanswered) client.disconnect(true);
        unanswered = true;
        const onReply = () => {
          unanswered = false;
        };
        client.subscribe(name).then(onReply, onReply);
      };
      listening = { client, timer: setInterval(check, checkIntervalMs).unref() };
    },

    close(): void {
      clearInterval(listening?.timer);
      listening?.client.disconnect();
    },
  };
}

export type Channel = ReturnType<typeof createRedisChannel>;
