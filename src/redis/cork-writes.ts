import { Redis } from "ioredis";
import type { RedisClient } from "./client.ts";

/**
 * To be called before a command: what is sent in one turn of the loop leaves in one piece, because a system call costs
 * more than a command. The nodes of a cluster have connections of their own, and are written to as ever.
 */
export function corkWrites(client: RedisClient): () => void {
  if (!(client instanceof Redis)) return () => undefined;
  let corked: Redis["stream"] | undefined;
  return () => {
    const { stream } = client;
    if (stream === undefined || stream === corked) return;
    corked = stream;
    stream.cork();
    setImmediate(() => {
      if (corked === stream) corked = undefined;
      stream.uncork();
    });
  };
}
