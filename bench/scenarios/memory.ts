import { setTimeout as sleep } from "node:timers/promises";
import { newOwner } from "../load/owner.ts";
import { runWrk } from "../load/wrk.ts";
import { residentBytes } from "../memory.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const memory: Scenario = {
  name: "memory",
  title: "Memory under sustained load",
  why: `Haven keeps no data of a finished request, and all data that it keeps in memory is limited in size: histories,
    verified tokens, waiting log lines, streams.`,
  run,
};

const minutes = 10;
const samplesEveryMs = 250;

async function run(testbed: Testbed, { quick }: RunLength): Promise<Outcome> {
  const length = quick ? 2 : 60;
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "memory@example.org");
  const url = `${haven.url}/api/v1/properties/${owner.propertyId}`;
  const byMinute: number[][] = [];
  for (let minute = 0; minute < (quick ? 2 : minutes); minute += 1) {
    const load = runWrk({ url, headers: owner.headers, seconds: length });
    // Samples are taken at the end of each minute, when garbage from its beginning has been collected several times.
    await Promise.race([sleep(length * 750), load]);
    const samples: number[] = [];
    const timer = setInterval(() => samples.push(residentBytes(haven.pid)), samplesEveryMs);
    await load;
    clearInterval(timer);
    byMinute.push(samples);
  }
  await haven.stop();
  const first = spreadOf(byMinute[0] ?? []);
  const last = byMinute.at(-1) ?? [];
  return {
    claims: [
      {
        what: "memory after ten minutes of load, relative to one minute",
        bound: atMost(1.1),
        measured: spreadOf(
          ratios(
            last,
            last.map(() => first.median),
          ),
        ),
        unit: "times",
      },
    ],
    charts: [
      {
        name: "memory",
        title: "Resident memory at the end of each minute of load",
        unit: "MB",
        bars: byMinute.map((samples, minute) => ({
          label: `minute ${minute + 1}`,
          spread: spreadOf(samples.map((bytes) => bytes / 1e6)),
          ours: true,
        })),
      },
    ],
    notes: [],
  };
}
