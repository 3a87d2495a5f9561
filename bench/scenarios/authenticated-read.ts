import { Redis } from "ioredis";
import { ask } from "../../test/shared/requests/http.ts";
import { interleave } from "../interleave.ts";
import { atLeast, figure, type Outcome, type Pace, type Scenario } from "../outcome.ts";
import { newOwner, type Owner } from "../owner.ts";
import { barsOf, ratios, spreadOf } from "../statistics.ts";
import type { World } from "../world.ts";
import { runWrk } from "../wrk.ts";

export const authenticatedRead: Scenario = {
  name: "authenticated-read",
  title: "An authenticated GET of one row, compared with hand-written code",
  why: `Haven verifies a token once and caches the result until the token expires. It checks the session in Redis for each
    request: one round trip finds the session, checks it and records its use, and all commands of one event-loop turn are
    sent in one write. A prepared statement reads the row. Compared with the hand-written server, Haven adds a breaker
    around each store, limited waiting times, a request id, security headers, an ETag, validation, metrics and a log line.`,
  run,
};

async function run(world: World, { rounds, seconds }: Pace): Promise<Outcome> {
  const haven = await world.haven();
  const owner = await newOwner(haven.url, "reader@example.org");
  await storeSession(world.redisUrl, owner);
  const raw = await world.peer("raw-property");
  const bare = await world.peer("express-property");
  const usual = await world.peer("usual-stack", { BODY: "{}" });
  const cookie = await signInAt(usual.url, owner);
  const read = (url: string, headers: Readonly<Record<string, string>>) => async () =>
    (await runWrk({ url: `${url}/api/v1/properties/${owner.propertyId}`, headers, seconds })).perSecond;
  const measured = await interleave(rounds, {
    Haven: read(haven.url, owner.headers),
    "by hand": read(raw.url, owner.headers),
    "by hand in Express": read(bare.url, owner.headers),
    "usual stack": read(usual.url, { ...owner.headers, cookie }),
  });
  for (const server of [haven, raw, bare, usual]) await server.stop();
  const express = figure(spreadOf(ratios(measured["by hand in Express"], measured["by hand"])).median, "ratio");
  return {
    claims: [
      {
        what: "an authenticated GET of one row (JWT, Redis session, Postgres): throughput relative to hand-written node:http code",
        bound: atLeast(0.85),
        measured: spreadOf(ratios(measured.Haven, measured["by hand"])),
        unit: "ratio",
        because: `The same three steps in a handler of bare Express reach ${express}. The rest of the difference is the cost of what
          Haven adds: a request id, security headers, a breaker around each store, limited waiting times, an ETag,
          validation, metrics and a log line.`,
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
    notes: [],
  };
}

/** Stores the session in the form that the hand-written server reads. */
async function storeSession(redisUrl: string, { sessionId, userId }: Owner): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.set(`bench:session:${sessionId}`, userId);
  redis.disconnect();
}

async function signInAt(url: string, { userId }: Owner): Promise<string> {
  const { headers } = await ask(`${url}/sign-in?user=${userId}`);
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}
