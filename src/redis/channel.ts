import { randomUUID } from "node:crypto";
import type { RedisTarget } from "../config/sections/store-settings.ts";
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
  let subscription: { client: RedisClient; timer: NodeJS.Timeout } | undefined;

  return {
    publish(text: string): void {
      redis.write((client) => client.publish(name, `${ownId} ${text}`)).catch(() => undefined);
    },

    /** Subscribes over a separate connection. Call once. */
    listen({ onMessage, onListening }: ChannelListener): void {
      if (subscription !== undefined) return;
      const client = createRedis(target, limits, "haven-channel");
      let isUnanswered = false;
      client.on("message", (_channel: string, message: string) => {
        const [from, text] = message.split(" ");
        if (from !== ownId && text !== undefined) onMessage(text);
      });
      watchConnections(client, () => client.subscribe(name).then(onListening, () => undefined));
      // A connection that a network device has dropped looks like an idle connection, so a command tests it.
      const check = () => {
        if (isUnanswered) client.disconnect(true);
        isUnanswered = true;
        const onReply = () => {
          isUnanswered = false;
        };
        client.subscribe(name).then(onReply, onReply);
      };
      subscription = { client, timer: setInterval(check, checkIntervalMs).unref() };
    },

    close(): void {
      clearInterval(subscription?.timer);
      subscription?.client.disconnect();
    },
  };
}

export type Channel = ReturnType<typeof createRedisChannel>;
