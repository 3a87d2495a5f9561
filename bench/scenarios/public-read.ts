import { interleave } from "../interleave.ts";
import { atLeast, type Outcome, type Pace, type Scenario } from "../outcome.ts";
import { bodyOf } from "../owner.ts";
import { barsOf, ratios, spreadOf } from "../statistics.ts";
import type { World } from "../world.ts";
import { runWrk } from "../wrk.ts";

export const publicRead: Scenario = {
  name: "public-read",
  title: "A public JSON GET beside bare Express",
  why: `\`GET /api\` goes through everything that a request goes through: checks of its framing, the request id, security
    headers, the routers, metrics and the access log. Its bytes and its ETag are made at the start. Requests and
    responses are born with Express's prototypes (changing them later is what costs most in Express), metrics are plain
    numbers that only a scrape turns into text, and log lines leave in batches, off the request's path.`,
  run,
};

async function run(world: World, { rounds, seconds }: Pace): Promise<Outcome> {
  const haven = await world.haven();
  const BODY = await bodyOf(`${haven.url}/api`);
  const bare = await world.peer("express-api", { BODY });
  const raw = await world.peer("raw-api", { BODY });
  const usual = await world.peer("usual-stack", { BODY });
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
        what: "a public JSON GET through the whole stack, of bare Express",
        bound: atLeast(0.8),
        measured: spreadOf(ratios(measured.Haven, measured["bare Express"])),
        unit: "of it",
      },
    ],
    charts: [
      {
        name: "public-read",
        title: "A public JSON GET, of bare Express",
        unit: "of it",
        bars: barsOf(measured, "bare Express"),
      },
    ],
    notes: [],
  };
}
