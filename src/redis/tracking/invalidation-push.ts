import type { Redis } from "ioredis";
import dataHandler from "ioredis/built/DataHandler.js";

// ioredis reads the push messages of RESP3, but emits only those of channels. With this file it emits invalidations, too.

type Handler = { redis: Redis };

const { prototype } = dataHandler.default;
const handleOther: (this: Handler, push: unknown) => void = Reflect.get(prototype, "returnPush");

function returnPush(this: Handler, push: unknown): void {
  if (!Array.isArray(push) || String(push[0]) !== "invalidate") {
    handleOther.call(this, push);
    return;
  }
  const keys: unknown = push[1];
  this.redis.emit("invalidate", Array.isArray(keys) ? keys.map(String) : undefined);
}
Reflect.set(prototype, "returnPush", returnPush);

/**
 * Calls back with the keys that have changed since this connection read them, or with undefined if all may have changed.
 * The server sends this only if `CLIENT TRACKING` is on.
 */
export function onInvalidation(client: Redis, listener: (keys: readonly string[] | undefined) => void): void {
  client.on("invalidate", listener);
}
