import { randomUUID } from "node:crypto";
import type { RedisTarget } from "../config/read-config.ts";
import { createRedis, type RedisClient, type RedisLimits, watchConnections } from "./client.ts";
import type { RedisAccess } from "./redis-access.ts";

export type ChannelDeps = { target: RedisTarget; limits: RedisLimits; redis: RedisAccess; name: string };

export type ChannelListener = {
  /** What another instance said. */
  onMessage(text: string): void;
  /** Listening begins, or goes on after a time in which anything may have been missed. */
  onListening(): void;
};

const checkEveryMs = 10_000;

/** Tells the other instances something: at most once, perhaps never, and without anybody waiting for it. */
export function createRedisChannel({ target, limits, redis, name }: ChannelDeps) {
  const self = randomUUID();
  let listening: { client: RedisClient; timer: NodeJS.Timeout } | undefined;

  return {
    publish(text: string): void {
      redis.run((client) => client.publish(name, `${self} ${text}`)).catch(() => undefined);
    },

    /** Opens one more connection to Redis, once. */
    listen({ onMessage, onListening }: ChannelListener): void {
      if (listening !== undefined) return;
      const client = createRedis(target, limits, "haven-channel");
      let unanswered = false;
      client.on("message", (_channel: string, message: string) => {
        const [from, text] = message.split(" ");
        if (from !== self && text !== undefined) onMessage(text);
      });
      watchConnections(client, () => client.subscribe(name).then(onListening, () => undefined));
      // A line that something in between has cut looks like one on which nobody says anything.
      const check = () => {
        if (unanswered) client.disconnect(true);
        unanswered = true;
        const answered = () => {
          unanswered = false;
        };
        client.subscribe(name).then(answered, answered);
      };
      listening = { client, timer: setInterval(check, checkEveryMs).unref() };
    },

    close(): void {
      clearInterval(listening?.timer);
      listening?.client.disconnect();
    },
  };
}

export type Channel = ReturnType<typeof createRedisChannel>;
