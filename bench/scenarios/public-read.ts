import { interleave } from "../interleave.ts";
import { bodyOf } from "../load/owner.ts";
import { runWrk } from "../load/wrk.ts";
import { atLeast, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { barsOf, ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const publicRead: Scenario = {
  name: "public-read",
  title: "A public JSON GET, compared with bare Express",
  why: `\`GET /api\` passes all stages of a request: the framing checks, the request id, security headers, the routers, metrics
    and the access log. Its body and its ETag are built when the server starts. Requests and responses are created with
    Express's prototypes (Express's own change of the prototypes for each request is its largest cost), metrics are plain
    numbers that only a scrape converts to text, and log lines are written in batches, outside the request.`,
  run,
};

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven();
  const BODY = await bodyOf(`${haven.url}/api`);
  const bare = await testbed.peer("express-api", { BODY });
  const raw = await testbed.peer("raw-api", { BODY });
  const usual = await testbed.peer("usual-stack", { BODY });
  const read = (url: string) => async () => (await runWrk({ url: `${url}/api`, seconds })).perSecond;
  const measured = await interleave(rounds, {
    Haven: read(haven.url),
    "bare Express": read(bare.url),
    "raw node:http": read(raw.url),
    "usual stack": read(usual.url),
  });
  for (const server of [haven, bare, raw, usual]) await server.stop();
  return {
    claims: [
      {
        what: "a public JSON GET through all middleware: throughput relative to bare Express",
        bound: atLeast(0.9),
        measured: spreadOf(ratios(measured.Haven, measured["bare Express"])),
        unit: "ratio",
      },
    ],
    charts: [
      {
        name: "public-read",
        title: "A public JSON GET, relative to bare Express",
        unit: "ratio",
        bars: barsOf(measured, "bare Express"),
      },
    ],
    notes: [],
  };
}
