import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { RedisClient } from "./client.ts";

export type LuaScript = (
  client: RedisClient,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

const namesByHash = new Map<string, string>();

/** Returns the name of a loaded script by its hash, for traces. */
export const scriptName = (sha: string): string | undefined => namesByHash.get(sha);

/** Runs a script by its hash, in one round trip; a server that does not have the script yet receives its text. */
export function defineLuaScript(lua: string, name?: string): LuaScript {
  const sha = createHash("sha1").update(lua).digest("hex");
  if (name !== undefined) namesByHash.set(sha, name);
  return async (client, keys, args) => {
    try {
      return await client.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return client.eval(lua, keys.length, ...keys, ...args);
    }
  };
}

export const loadLuaScript = (file: URL): LuaScript =>
  defineLuaScript(readFileSync(file, "utf8"), basename(file.pathname, ".lua"));
