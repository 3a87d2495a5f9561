import { interleave } from "../interleave.ts";
import { bodyOf } from "../load/owner.ts";
import { runWrk } from "../load/wrk.ts";
import { atLeast, type Claim, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { type Bar, barsOf, ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const probes: Scenario = {
  name: "probes",
  title: "Probes compared with raw node:http",
  why: `The listener answers probes before Express, from bytes that are built once for each state (of \`/alive\`: once a
    second), at any request rate. A probe runs no check, so probes cause no load on Postgres and Redis.`,
  run,
};

const peers = {
  "raw node:http": ["raw-probe", "/alive", "/ready"],
  Express: ["express-probe", "/alive", "/ready"],
  "Fastify with under-pressure": ["fastify-probe", "/alive", "/ready"],
  terminus: ["terminus-probe", "/alive", "/ready"],
  lightship: ["lightship-probe", "/live", "/ready"],
  "usual stack": ["usual-stack", "/alive", "/ready"],
} as const;

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven();
  const outcomes: { claim: Claim; name: string; bars: Bar[] }[] = [];
  for (const [index, path] of (["/alive", "/ready"] as const).entries()) {
    const BODY = await bodyOf(haven.url + path);
    const urls: Record<string, string> = { Haven: haven.url + path };
    const servers = [];
    for (const [label, peer] of Object.entries(peers)) {
      const server = await testbed.peer(peer[0], { BODY });
      servers.push(server);
      urls[label] = `${server.url}${peer[index + 1]}`;
    }
    const contenders = Object.entries(urls).map(
      ([label, url]) => [label, async () => (await runWrk({ url, seconds })).perSecond] as const,
    );
    const measured = await interleave(rounds, Object.fromEntries(contenders));
    const raw = measured["raw node:http"] ?? [];
    const bars = barsOf(measured, "raw node:http");
    const claim: Claim = {
      what: `\`${path}\`: throughput relative to raw node:http with the same bytes`,
      bound: atLeast(0.9),
      measured: spreadOf(ratios(measured["Haven"] ?? [], raw)),
      unit: "ratio",
    };
    outcomes.push({ claim, name: path.slice(1), bars });
    for (const server of servers) await server.stop();
  }
  await haven.stop();
  return {
    claims: outcomes.map(({ claim }) => claim),
    charts: outcomes.map(({ name, bars }) => ({
      name,
      title: `Throughput of /${name}, relative to raw node:http`,
      unit: "ratio",
      bars,
    })),
    notes: [],
  };
}
