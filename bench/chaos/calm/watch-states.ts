import { setTimeout as sleep } from "node:timers/promises";
import type { HealthReport } from "../../../src/kit/index.ts";
import { ask } from "../../../test/shared/requests/http.ts";
import type { Testbed } from "../testbed/testbed.ts";
import type { StateChange } from "./judge-states.ts";

const everyMs = 100;
const timeoutMs = 1000;

/** Polls the verdict and the checks of each instance, and records every change. */
export function watchStates({ fleet }: Pick<Testbed, "fleet">) {
  const changes: StateChange[] = [];
  const last = new Map<string, string>();
  let polls = 0;
  let watching = true;
  const record = (instance: string, subject: string, state: string) => {
    const key = `${instance} ${subject}`;
    if (last.get(key) === state) return;
    last.set(key, state);
    changes.push({ instance, subject, at: performance.now(), state });
  };
  const watchOne = async (instance: string, url: string) => {
    while (watching) {
      const states = await statesOf(url);
      polls += 1;
      for (const [subject, state] of states) record(instance, subject, state);
      await sleep(everyMs);
    }
  };
  const watchers = fleet.members.map(({ name, url }) => watchOne(name, url));
  return {
    changes: (): readonly StateChange[] => [...changes],
    polls: () => polls,
    async stop(): Promise<void> {
      watching = false;
      await Promise.all(watchers);
    },
  };
}

async function statesOf(url: string): Promise<readonly (readonly [subject: string, state: string])[]> {
  try {
    const [ready, detailed] = await Promise.all([
      ask(`${url}/ready`, { timeoutMs }),
      ask(`${url}/health/detailed`, { timeoutMs }),
    ]);
    const { checks } = detailed.json() as HealthReport;
    const verdict = (ready.json() as { status: string }).status;
    return [["ready", verdict], ...Object.entries(checks).map(([name, { status }]) => [name, status] as const)];
  } catch (error) {
    const isRefused = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
    return [["ready", isRefused ? "gone" : "silent"]];
  }
}
