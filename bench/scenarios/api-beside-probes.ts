import { interleave } from "../interleave.ts";
import { runConstantRate } from "../load/constant-rate-load.ts";
import { newOwner } from "../load/owner.ts";
import { runWrk } from "../load/wrk.ts";
import { atMost, figure, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const probesBeside: Scenario = {
  name: "probes-beside",
  title: "The API with a thousand probes a second",
  why: `A probe costs about as much as the smallest response that Node can send, and no API request waits for a probe. The
    probes are of /ready and of /alive in equal parts. They come from processes of their own, as from a proxy and an
    orchestrator: sent by the process that measures the API requests, they would delay its measurement more than the
    server.`,
  changed: `The probes come from processes of their own now, and go to /alive as well: sent by the measuring process, they
    delayed its measurement.`,
  run,
};

const apiPerSecond = 300;
const probesPerSecond = 1000;
const connectionsPerPath = 8;
/** Less than the time between two probes of a connection, because the answer takes time too. */
const pauseMs = (1000 * 2 * connectionsPerPath) / probesPerSecond - 2;

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "beside@example.org");
  const length = seconds * 2;
  const api = async () => {
    const url = `${haven.url}/api/v1/properties/${owner.propertyId}`;
    const { p50Ms } = await runConstantRate({ url, headers: owner.headers, perSecond: apiPerSecond, seconds: length });
    return p50Ms;
  };
  const rates: number[] = [];
  const measured = await interleave(rounds, {
    alone: api,
    "with probes": async () => {
      const probes = ["ready", "alive"].map((path) =>
        runWrk({ url: `${haven.url}/${path}`, connections: connectionsPerPath, pauseMs, seconds: length }),
      );
      const [p50Ms, ...probed] = await Promise.all([api(), ...probes]);
      rates.push(probed.reduce((sum, { perSecond }) => sum + perSecond, 0));
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
    notes: [`The load generator sent ${figure(spreadOf(rates).median, "/s")} probes.`],
  };
}
