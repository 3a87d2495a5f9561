import type { Outcome, WorldEnd } from "../results.ts";
import type { Resources } from "../world/resources.ts";
import { table } from "./format.ts";
import { called } from "./names.ts";

/** The resources of the instances after all faults. */
export function restOf({ proxy, atRest }: WorldEnd, outcomes: readonly Outcome[]): string {
  if (!atRest) return "";
  const during = outcomes.filter((one) => one.proxy === proxy).flatMap(({ resources }) => resources ?? []);
  const rows = (Object.keys(words) as (keyof Resources)[]).map((what) => [
    words[what],
    String(atRest.before[what]),
    String(Math.max(...during.map((resources) => resources[what]))),
    String(atRest.after[what]),
  ]);
  return `## Resources after the run, behind ${called[proxy]}\n
Sums over all three instances. The first and the last column were measured half a minute after the last request, before and
after the faults that do not replace a process. Connections of clients are not counted as handles.

${table(["", "before", "maximum right after a fault", "at the end"], rows)}`;
}

const words: Readonly<Record<keyof Resources, string>> = {
  postgres: "connections to Postgres",
  redis: "connections to Redis",
  handles: "open handles",
  heapMb: "heap after a collection, MB",
};
