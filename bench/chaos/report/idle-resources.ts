import type { Outcome, TopologyResult } from "../results.ts";
import type { Resources } from "../testbed/resources.ts";
import { table } from "./format.ts";
import { proxyTitles } from "./names.ts";

/** Renders the section that compares the resources of idle instances before and after all faults. */
export function resourcesSection({ proxy, idleResources }: TopologyResult, outcomes: readonly Outcome[]): string {
  if (!idleResources) return "";
  const during = outcomes.filter((one) => one.proxy === proxy).flatMap(({ resources }) => resources ?? []);
  const rows = (Object.keys(labels) as (keyof Resources)[]).map((what) => [
    labels[what],
    String(idleResources.before[what]),
    String(Math.max(...during.map((resources) => resources[what]))),
    String(idleResources.after[what]),
  ]);
  return `## Resources after the run, behind ${proxyTitles[proxy]}\n
Each figure is the sum over all three instances. "Before" was measured before the first fault and "at the end" after the last
one, each half a minute after the last request. Only faults that replace no process are compared. Connections of clients are not
counted as handles.

${table(["", "before", "maximum right after a fault", "at the end"], rows)}`;
}

const labels: Readonly<Record<keyof Resources, string>> = {
  postgres: "connections to Postgres",
  redis: "connections to Redis",
  handles: "open handles",
  heapMb: "heap after a collection, MB",
};
