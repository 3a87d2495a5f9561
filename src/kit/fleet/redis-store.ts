import { readFileSync } from "node:fs";
import type { FleetStore, OwnEntry } from "./fleet-store.ts";

/** Writes the entry of this instance and, with the mode "read", returns the entries of the other instances. */
export const heartbeatScript = readFileSync(new URL("./heartbeat.lua", import.meta.url), "utf8");

export type RedisStoreDeps = {
  /** Runs the script. */
  run(keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  removeField(key: string, field: string): Promise<unknown>;
  /** A single key, because a script of a Redis Cluster can reach the keys of one slot only. */
  key: string;
  keepMs: number;
};

/** Creates a store that is one hash with a field for each instance. The hash expires when no instance writes to it. */
export function createRedisStore({ run, removeField, key, keepMs }: RedisStoreDeps): FleetStore {
  const runScript = ({ boot, beat, heartbeat }: OwnEntry, mode: "read" | "write") =>
    run([key], [boot, beat, heartbeat, keepMs, mode]);
  return {
    name: "redis",
    async write(entry) {
      await runScript(entry, "write");
    },
    async writeAndRead(entry) {
      const reply = await runScript(entry, "read");
      if (!Array.isArray(reply)) throw new Error("The heartbeat script did not return a list.");
      const flat = reply.map(String);
      return Array.from({ length: Math.floor(flat.length / 3) }, (_, index) => {
        const [boot = "", ageMs, heartbeat = ""] = flat.slice(index * 3, index * 3 + 3);
        return { boot, ageMs: Number(ageMs), heartbeat };
      });
    },
    async remove(boot) {
      await removeField(key, boot);
    },
  };
}
