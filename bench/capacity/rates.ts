import { newOwner, type Owner, propertyBody } from "../load/owner.ts";
import { FailedRequests, type Load, runWrkAllowingErrors, type WrkResultWithErrors } from "../load/wrk.ts";
import { processorMs } from "../processor-time.ts";
import type { RunLength } from "../report/outcome.ts";
import { spreadOf } from "../report/statistics.ts";
import type { Server } from "../servers.ts";
import { storeTimeDuring } from "../store-time.ts";
import type { Testbed } from "../testbed.ts";
import type { Rate } from "./figures.ts";

type Kind = { request: string; load(server: Server, owner: Owner): Omit<Load, "seconds"> };

const kinds: readonly Kind[] = [
  { request: "a probe (`GET /ready`)", load: ({ url }) => ({ url: `${url}/ready` }) },
  { request: "a public GET (`GET /api`)", load: ({ url }) => ({ url: `${url}/api` }) },
  {
    request: "an authenticated GET of one row",
    load: ({ url }, { headers, propertyId }) => ({ url: `${url}/api/v1/properties/${propertyId}`, headers }),
  },
  {
    request: "an authenticated GET of a page of 20 rows",
    load: ({ url }, { headers }) => ({ url: `${url}/api/v1/properties?limit=20`, headers }),
  },
  {
    request: "an authenticated POST of one row, with an Idempotency-Key",
    load: ({ url }, { headers }) => ({ url: `${url}/api/v1/properties`, headers, postBody: propertyBody }),
  },
];

/** Sign-ins use a separate account, because each sign-in can end the oldest session of its account. */
const signIn = "a sign-in with a password";

/** The authenticated GET again, with each request reading its session from Redis. */
const uncached = "an authenticated GET of one row, `SESSION_CACHE=off`";

export async function measureRates(testbed: Testbed, owner: Owner, runLength: RunLength): Promise<Rate[]> {
  const haven = await testbed.haven();
  const rates: Rate[] = [];
  for (const { request, load } of kinds)
    rates.push(await measure(testbed, haven, request, load(haven, owner), runLength));
  const { email, password } = await newOwner(haven.url, "sign-in@example.org");
  const login = { url: `${haven.url}/api/v1/auth/login`, postBody: { email, password } };
  rates.push(await measure(testbed, haven, signIn, login, runLength));
  await haven.stop();
  const uncachedHaven = await testbed.haven({ SESSION_CACHE: "off" });
  const read = { url: `${uncachedHaven.url}/api/v1/properties/${owner.propertyId}`, headers: owner.headers };
  rates.push(await measure(testbed, uncachedHaven, uncached, read, runLength));
  await uncachedHaven.stop();
  return rates;
}

async function measure(
  testbed: Testbed,
  { pid }: Server,
  request: string,
  load: Omit<Load, "seconds">,
  { rounds, seconds }: RunLength,
): Promise<Rate> {
  // A warm-up: a server that has just started is several times slower.
  await runWrkWithoutErrors({ ...load, seconds });
  const results: WrkResultWithErrors[] = [];
  const before = processorMs(pid);
  const { postgresMs, redisMs } = await storeTimeDuring(testbed, async () => {
    for (let round = 0; round < Math.min(rounds, 5); round += 1)
      results.push(await runWrkWithoutErrors({ ...load, seconds: 2 * seconds }));
  });
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const microsecondsPerRequest = (ms: number) => (ms * 1000) / requests;
  return {
    request,
    perSecond: spreadOf(results.map(({ perSecond }) => perSecond)).median,
    p99Ms: spreadOf(results.map(({ p99Ms }) => p99Ms)).median,
    serverUs: microsecondsPerRequest(processorMs(pid) - before),
    postgresUs: microsecondsPerRequest(postgresMs),
    redisUs: microsecondsPerRequest(redisMs),
  };
}

async function runWrkWithoutErrors(load: Load): Promise<WrkResultWithErrors> {
  const result = await runWrkAllowingErrors(load);
  if (result.failed + result.rejected > 0 || result.requests === 0)
    throw new FailedRequests(
      `${result.failed + result.rejected} of ${result.requests} requests to ${load.url} failed.`,
    );
  return result;
}
