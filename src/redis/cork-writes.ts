import { Redis } from "ioredis";
import type { RedisClient } from "./client.ts";

/**
 * Returns a function to call before each command. It joins the commands of one turn of the event loop into one write,
 * because a system call costs more than a command. Connections to the nodes of a cluster are not corked.
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
