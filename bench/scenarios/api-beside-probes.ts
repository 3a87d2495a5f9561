import { runConstantRate } from "../constant-rate-load.ts";
import { interleave } from "../interleave.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../outcome.ts";
import { newOwner } from "../owner.ts";
import { ratios, spreadOf } from "../statistics.ts";
import type { Testbed } from "../testbed.ts";

export const probesBeside: Scenario = {
  name: "probes-beside",
  title: "The API with a thousand probes a second",
  why: `A probe costs about as much as the smallest response that Node can send, and no API request waits for a probe.`,
  run,
};

const apiPerSecond = 300;
const probesPerSecond = 1000;

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "beside@example.org");
  const length = seconds * 2;
  const api = async () => {
    const url = `${haven.url}/api/v1/properties/${owner.propertyId}`;
    const { p50Ms } = await runConstantRate({ url, headers: owner.headers, perSecond: apiPerSecond, seconds: length });
    return p50Ms;
  };
  const measured = await interleave(rounds, {
    alone: api,
    "with probes": async () => {
      const probes = runConstantRate({
        url: `${haven.url}/ready`,
        perSecond: probesPerSecond,
        seconds: length,
        connections: 16,
      });
      const [p50Ms] = await Promise.all([api(), probes]);
      return p50Ms;
    },
  });
  await haven.stop();
  const ms = (label: keyof typeof measured) => ({ label, spread: spreadOf(measured[label]), ours: true });
  return {
    claims: [
      {
        what: `API p50 with ${probesPerSecond} probes a second at the same time, relative to no probes`,
        bound: atMost(1.1),
        measured: spreadOf(ratios(measured["with probes"], measured.alone)),
        unit: "times",
      },
    ],
    charts: [
      {
        name: "probes-beside",
        title: `p50 of ${apiPerSecond} authenticated reads a second`,
        unit: "ms",
        bars: [ms("alone"), ms("with probes")],
      },
    ],
    notes: [],
  };
}
