import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { bearer, type SignedIn } from "../../shared/requests/people.ts";
import type { FaultProxy } from "../../shared/servers/fault-proxy.ts";
import { type Answered, startSteadyLoad } from "../../support/steady-load.ts";

const perSecond = 60;
const paths = ["/api", "/api/v1/auth/me", "/api/v1/properties"] as const;
const calmMs = 3000;
const faultMs = 2500;

export type Phase = "calm" | "Redis refuses" | "Postgres hangs" | "recovered";
export type AnsweredIn = Answered & { phase: Phase };

/** Sends the same load to all servers at the same time, during faults of their stores. Returns the answers of each server. */
export async function loadUnderFaults(
  urls: readonly string[],
  person: SignedIn,
  { redis, postgres }: { redis: FaultProxy; postgres: FaultProxy },
): Promise<AnsweredIn[][]> {
  const phases: { phase: Phase; from: number }[] = [];
  const begin = (phase: Phase) => phases.push({ phase, from: performance.now() });
  const answers = urls.map((): Answered[] => []);
  const next = (count: number) => ({ path: paths[count % paths.length] ?? "/api", headers: bearer(person) });
  const loads = urls.map((url, index) =>
    startSteadyLoad(url, perSecond, next, (answered) => answers[index]?.push(answered)),
  );
  const ready = () =>
    eventually(
      () =>
        Promise.all(urls.map((url) => ask(`${url}/ready`).then(({ json }) => (json() as { status: string }).status))),
      (states) => states.every((state) => state === "ready"),
      30_000,
    );
  begin("calm");
  await sleep(calmMs);
  begin("Redis refuses");
  await redis.set("refuse");
  await sleep(faultMs);
  await redis.set("pass");
  await ready();
  begin("Postgres hangs");
  await postgres.set("hole");
  await sleep(faultMs);
  await postgres.set("pass");
  await ready();
  begin("recovered");
  await sleep(calmMs);
  for (const load of loads) await load.stop();
  const phaseAt = (at: number): Phase => phases.findLast(({ from }) => from <= at)?.phase ?? "calm";
  return answers.map((all) => all.map((one) => ({ ...one, phase: phaseAt(one.startedAt) })));
}

/** Returns the duration that a share of the answers (`rank`, such as 0.95) does not exceed. */
export function percentile(answers: readonly Answered[], rank: number): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * rank)] ?? Number.NaN;
}
