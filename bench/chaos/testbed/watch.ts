import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../../../test/shared/requests/http.ts";
import { serverStates } from "../../../test/shared/servers/proxies.ts";
import type { Testbed } from "./testbed.ts";

/** A change of the state of an instance, as a probe or the proxy reported it. */
export type Observation = { by: "probe" | "proxy"; instance: string; at: number; state: string };

const probeEveryMs = 100;
/** The time limit of a probe, as orchestrators use it. */
const probeTimeoutMs = 1000;
const proxyEveryMs = 250;

/** Polls /ready of each instance and the server states of HAProxy, and records the changes. */
export function watch({ fleet, name }: Pick<Testbed, "fleet" | "name">) {
  const observations: Observation[] = [];
  const last = new Map<string, Observation>();
  let watching = true;
  const record = (by: Observation["by"], instance: string, state: string) => {
    if (last.get(`${by} ${instance}`)?.state === state) return;
    const observation = { by, instance, at: performance.now(), state };
    last.set(`${by} ${instance}`, observation);
    observations.push(observation);
  };
  const probe = async (instance: string, url: string) => {
    while (watching) {
      record("probe", instance, await stateOf(url));
      await sleep(probeEveryMs);
    }
  };
  const pollProxy = async () => {
    while (watching) {
      const states = await serverStates().catch(() => ({}));
      for (const [instance, { status }] of Object.entries(states)) record("proxy", instance, shortStatus(status));
      await sleep(proxyEveryMs);
    }
  };
  const watchers = fleet.members.map((member) => probe(member.name, member.url));
  if (name === "haproxy") watchers.push(pollProxy());
  return {
    observations: (): readonly Observation[] => [...observations],
    /** Returns the time since which all states are ready or UP; undefined while one is not. */
    healthySince: (): number | undefined =>
      [...last.values()].every(({ state }) => state === "ready" || state === "UP")
        ? observations.at(-1)?.at
        : undefined,
    async stop(): Promise<void> {
      watching = false;
      await Promise.all(watchers);
    },
  };
}

export type Watch = ReturnType<typeof watch>;

/** The states that terminus, in the comparison server, reports under other names. */
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

/** Shortens a state of HAProxy: "UP 1/2" is still UP. */
const shortStatus = (status: string): string => status.split(" ")[0] ?? status;
