import { ask } from "../../../test/shared/requests/http.ts";
import { collectGarbage } from "../../inspector.ts";
import { inspectorOf } from "./inspector-of.ts";
import type { Testbed } from "./testbed.ts";

/** The resources of all instances together. */
export type Resources = { postgres: number; redis: number; handles: number; heapMb: number };

/** Measures the resources after a garbage collection. Returns undefined if they are not compared for this
 * server or topology. */
export async function measureResources({ server, connections, fleet }: Testbed): Promise<Resources | undefined> {
  if (connections === undefined || server !== "haven") return undefined;
  const instances = await Promise.all(
    fleet.members.map(async ({ name, url }) => {
      await collectGarbage(inspectorOf(name));
      const { system, http } = JSON.parse(
        (await ask(`${url}/health/detailed`, { headers: { accept: "application/json" } })).text,
      );
      // Connections of clients do not count, because the proxies decide how long they keep idle ones.
      const handles = Object.values<number>(system.handles).reduce((sum, count) => sum + count, -http.connections);
      return { handles, heapMb: system.memory.heapUsedBytes / 1e6 };
    }),
  );
  const sum = (pick: (instance: (typeof instances)[number]) => number) =>
    instances.reduce((total, instance) => total + pick(instance), 0);
  return {
    ...(await connections()),
    handles: sum(({ handles }) => handles),
    heapMb: Math.round(sum(({ heapMb }) => heapMb)),
  };
}

/** Returns the minimum of the samples, so that a check or probe in flight does not count. */
export function minimumOf(samples: readonly Resources[]): Resources {
  const minimum = (pick: (sample: Resources) => number) => Math.min(...samples.map(pick));
  return {
    postgres: minimum(({ postgres }) => postgres),
    redis: minimum(({ redis }) => redis),
    handles: minimum(({ handles }) => handles),
    heapMb: minimum(({ heapMb }) => heapMb),
  };
}
