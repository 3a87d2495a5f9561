import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../../../test/shared/requests/http.ts";
import { serverStates } from "../../../test/shared/servers/proxies.ts";
import type { World } from "./world.ts";

/** A state of an instance, as a probe or a proxy observed it from this moment on. */
export type Observation = { by: "probe" | "proxy"; instance: string; at: number; state: string };

const probeEveryMs = 100;
/** The timeout of a probe, like an orchestrator's. */
const probeTimeoutMs = 1000;
const proxyEveryMs = 250;

/** Polls /ready of each instance, and the server states of HAProxy; keeps the changes. */
export function watch({ fleet, name }: Pick<World, "fleet" | "name">) {
  const sights: Observation[] = [];
  const last = new Map<string, Observation>();
  let watching = true;
  const see = (by: Observation["by"], instance: string, state: string) => {
    if (last.get(`${by} ${instance}`)?.state === state) return;
    const sight = { by, instance, at: performance.now(), state };
    last.set(`${by} ${instance}`, sight);
    sights.push(sight);
  };
  const probe = async (instance: string, url: string) => {
    while (watching) {
      see("probe", instance, await stateOf(url));
      await sleep(probeEveryMs);
    }
  };
  const askProxy = async () => {
    while (watching) {
      const states = await serverStates().catch(() => ({}));
      for (const [instance, { status }] of Object.entries(states)) see("proxy", instance, inShort(status));
      await sleep(proxyEveryMs);
    }
  };
  const watchers = fleet.members.map((member) => probe(member.name, member.url));
  if (name === "haproxy") watchers.push(askProxy());
  return {
    sights: (): readonly Observation[] => [...sights],
    /** The time since which every observation is ready or UP; undefined while one is not. */
    wellSince: (): number | undefined =>
      [...last.values()].every(({ state }) => state === "ready" || state === "UP") ? sights.at(-1)?.at : undefined,
    async stop(): Promise<void> {
      watching = false;
      await Promise.all(watchers);
    },
  };
}

export type Watch = ReturnType<typeof watch>;

/** The names of the states in terminus. */
const terminusStates: Readonly<Record<string, string>> = { ok: "ready", error: "not_ready" };

async function stateOf(url: string): Promise<string> {
  try {
    const answer = await ask(`${url}/ready`, { timeoutMs: probeTimeoutMs });
    const { status } = JSON.parse(answer.text);
    return terminusStates[status] ?? String(status);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ECONNREFUSED" ? "gone" : "silent";
  }
}

/** "UP 1/2" is still up. */
const inShort = (status: string): string => status.split(" ")[0] ?? status;
