import { interleave } from "../interleave.ts";
import { newOwner } from "../load/owner.ts";
import { signInAt, storeSession } from "../load/peer-sessions.ts";
import { runWrk } from "../load/wrk.ts";
import { atLeast, atMost, figure, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { barsOf, ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const authenticatedRead: Scenario = {
  name: "authenticated-read",
  title: "An authenticated GET of one row, compared with hand-written code",
  why: `Haven verifies a token once and caches the result until the token expires. Sessions are remembered until Redis reports
    a change, so most requests need no round trip to Redis. Prepared statements share two pipelined connections to Postgres,
    and those of one event-loop turn are sent in one write. Compared with the hand-written server, Haven adds a breaker
    around each store, limited waiting times, a request id, security headers, an ETag, validation, metrics and a log line.`,
  changed: `Short reads share pipelined connections to Postgres, and sessions are remembered until Redis reports a change, so
    that most requests make one round trip instead of two.`,
  run,
};

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "reader@example.org");
  await storeSession(testbed.redisUrl, owner);
  const raw = await testbed.peer("raw-property");
  const pipelined = await testbed.peer("raw-property-pipelined");
  const bare = await testbed.peer("express-property");
  const usual = await testbed.peer("usual-stack", { BODY: "{}" });
  const cookie = await signInAt(usual.url, owner);
  const p99: Record<string, number[]> = {};
  const read = (url: string, headers: Readonly<Record<string, string>>) => async () => {
    const result = await runWrk({ url: `${url}/api/v1/properties/${owner.propertyId}`, headers, seconds });
    p99[url] = [...(p99[url] ?? []), result.p99Ms].slice(-rounds);
    return result.perSecond;
  };
  const measured = await interleave(rounds, {
    Haven: read(haven.url, owner.headers),
    "by hand": read(raw.url, owner.headers),
    "by hand, same mechanisms": read(pipelined.url, owner.headers),
    "by hand in Express": read(bare.url, owner.headers),
    "usual stack": read(usual.url, { ...owner.headers, cookie }),
  });
  for (const server of [haven, raw, pipelined, bare, usual]) await server.stop();
  const express = figure(spreadOf(ratios(measured["by hand in Express"], measured["by hand"])).median, "ratio");
  return {
    claims: [
      {
        what: "an authenticated GET of one row (JWT, Redis session, Postgres): throughput relative to hand-written node:http code",
        bound: atLeast(1),
        measured: spreadOf(ratios(measured.Haven, measured["by hand"])),
        unit: "ratio",
        because: `The same three steps in a handler of bare Express reach ${express}. The rest of the difference is the cost of what
          Haven adds: a request id, security headers, a breaker around each store, limited waiting times, an ETag,
          validation, metrics and a log line.`,
      },
      {
        what: "the same GET: p99 relative to the hand-written code",
        bound: atMost(1),
        measured: spreadOf(ratios(p99[haven.url] ?? [], p99[raw.url] ?? [])),
        unit: "ratio",
      },
      {
        what: "the same GET: throughput relative to the usual stack (express-session, connect-redis, helmet, pino-http, prom-bundle)",
        bound: atLeast(3),
        measured: spreadOf(ratios(measured.Haven, measured["usual stack"])),
        unit: "ratio",
      },
    ],
    charts: [
      {
        name: "authenticated-read",
        title: "An authenticated GET of one row, relative to hand-written code",
        unit: "ratio",
        bars: barsOf(measured, "by hand"),
      },
    ],
    notes: [
      "The hand-written server with the same mechanisms (two pipelined connections, sessions remembered by the Redis client) shows what they give to a server that does nothing else.",
    ],
  };
}
