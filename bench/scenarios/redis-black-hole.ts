import { eventually } from "../../test/shared/eventually.ts";
import { ask } from "../../test/shared/requests/http.ts";
import { startFaultProxy } from "../../test/shared/servers/fault-proxy.ts";
import { interleave } from "../interleave.ts";
import { runConstantRate } from "../load/constant-rate-load.ts";
import { newOwner } from "../load/owner.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const redisBlackHole: Scenario = {
  name: "redis-black-hole",
  title: "Authenticated reads while Redis does not answer",
  why: `The breaker is open: no request waits for Redis, and a valid token is checked once against Postgres instead, with
    a prepared statement. Only the background check still calls Redis, to detect its recovery.`,
  changed: "Remembered sessions need no Redis, until the silence of Redis turns the cache off.",
  run,
};

const perSecond = 300;

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const redis = await startFaultProxy(testbed.redisUrl);
  const haven = await testbed.haven({ REDIS_URL: redis.url });
  const owner = await newOwner(haven.url, "away@example.org");
  const url = `${haven.url}/api/v1/properties/${owner.propertyId}`;
  const waitUntilRedisIs = (status: string) =>
    eventually(
      () => ask(`${haven.url}/ready`).then(({ text }) => JSON.parse(text).checks.redis.status),
      (reported) => reported === status,
      20_000,
    );
  const p99 = async () => {
    const { p99Ms } = await runConstantRate({ url, headers: owner.headers, perSecond, seconds: seconds * 2 });
    return p99Ms;
  };
  const measured = await interleave(rounds, {
    healthy: async () => {
      await redis.set("pass");
      await waitUntilRedisIs("up");
      return p99();
    },
    "black-holed": async () => {
      await redis.set("hole");
      await waitUntilRedisIs("down");
      return p99();
    },
  });
  await redis.set("pass");
  await haven.stop();
  const ms = (label: keyof typeof measured) => ({ label, spread: spreadOf(measured[label]), ours: true });
  return {
    claims: [
      {
        what: "the same GET while Redis does not answer: p99 relative to a healthy Redis",
        bound: atMost(3),
        measured: spreadOf(ratios(measured["black-holed"], measured.healthy)),
        unit: "times",
      },
    ],
    charts: [
      {
        name: "redis-black-hole",
        title: `p99 of ${perSecond} authenticated reads a second`,
        unit: "ms",
        bars: [ms("healthy"), ms("black-holed")],
      },
    ],
    notes: ["The usual stack has no figure here: its requests wait for Redis without a time limit."],
  };
}
