import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../test/shared/eventually.ts";
import { ask, postJson } from "../../test/shared/requests/http.ts";
import { newOwner, type Owner, propertyBody } from "../load/owner.ts";
import { runWrk, runWrkAllowingErrors } from "../load/wrk.ts";
import { atLeast, atMost, type Claim, figure, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { quantile, type Spread, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

const pauseMs = 200;
const sampledPerSecond = 50;
const factors = [2, 5, 10] as const;
/** The load generator opens no more connections than this, so that files and ports suffice. */
const maxConnections = 12_000;

export const overload: Scenario = {
  name: "overload",
  title: "Overload: more requests than the server can serve",
  why: `Capacity is the throughput with 32 connections, each of which sends its next request as soon as it has an answer.
    Then many more connections each send a request, wait for the answer, and pause for 0 to ${2 * pauseMs} ms, so that
    together they offer 2, 5 and 10 times the capacity; they ignore Retry-After. Goodput is the rate of served requests.
    A second client, which sends ${sampledPerSecond} requests a second, measures the durations of the requests that are
    served. Load shedding has its default setting here.`,
  run,
};

type Kind = "GET" | "POST";
type Figures = { goodput: number[]; p99Ms: number[]; recoveryMs: number[] };

async function run(testbed: Testbed, { rounds, seconds, quick }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven({ OVERLOAD_DELAY_MS: "50" });
  const owner = await newOwner(haven.url, "overload@example.org");
  const claims: Claim[] = [];
  const notes: string[] = [];
  for (const kind of ["GET", "POST"] as const) {
    const load = loadOf(kind, haven.url, owner);
    const figures = new Map(factors.map((factor) => [factor, { goodput: [], p99Ms: [], recoveryMs: [] } as Figures]));
    const capacities: number[] = [];
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      const { perSecond } = await runWrk({ ...load, connections: 32, seconds: 2 * seconds });
      capacities.push(perSecond);
      for (const factor of factors) {
        const result = await overloadBy({ factor, capacity: perSecond, load, seconds: quick ? 2 : 6 * seconds });
        const figuresOfFactor = figures.get(factor);
        figuresOfFactor?.goodput.push(result.servedPerSecond / perSecond);
        figuresOfFactor?.p99Ms.push(result.p99Ms);
        figuresOfFactor?.recoveryMs.push(await recoveryMsOf(load));
      }
    }
    notes.push(`The capacity for ${kind} was ${figure(spreadOf(capacities).median, "/s")}.`);
    for (const [factor, figuresOfFactor] of figures) claims.push(...claimsOf(kind, factor, figuresOfFactor));
  }
  await haven.stop();
  return { claims, charts: [], notes };
}

type Load = { url: string; headers: Readonly<Record<string, string>>; postBody?: unknown };

const loadOf = (kind: Kind, url: string, { headers, propertyId }: Owner): Load =>
  kind === "GET"
    ? { url: `${url}/api/v1/properties/${propertyId}`, headers }
    : { url: `${url}/api/v1/properties`, headers, postBody: propertyBody };

async function overloadBy({
  factor,
  capacity,
  load,
  seconds,
}: {
  factor: number;
  capacity: number;
  load: Load;
  seconds: number;
}) {
  const connections = Math.min(maxConnections, Math.round((factor * capacity * pauseMs) / 1000));
  const [offered, sampled] = await Promise.all([
    runWrkAllowingErrors({ ...load, connections, pauseMs, seconds }),
    // The first second is the burst in which all connections are opened.
    sleep(1000).then(() => sampleServed(load, seconds - 1.5)),
  ]);
  return { servedPerSecond: (offered.requests - offered.rejected) / offered.seconds, p99Ms: sampled };
}

const send = ({ url, headers, postBody }: Load) =>
  postBody === undefined
    ? ask(url, { headers })
    : postJson(url, postBody, { ...headers, "idempotency-key": randomUUID() });

/** Returns the 99th percentile of the durations of served requests. Each request is due at a fixed time. */
async function sampleServed(load: Load, seconds: number): Promise<number> {
  const served: number[] = [];
  const running: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < seconds * sampledPerSecond; index += 1) {
    const dueAt = startedAt + (index * 1000) / sampledPerSecond;
    await sleep(Math.max(0, dueAt - performance.now()));
    running.push(
      send(load).then(({ status }) => {
        if (status < 300) served.push(performance.now() - dueAt);
      }),
    );
  }
  await Promise.all(running);
  return quantile(
    served.sort((a, b) => a - b),
    0.99,
  );
}

/** Returns the time from the end of the load until twenty consecutive requests are served. */
async function recoveryMsOf(load: Load): Promise<number> {
  const endedAt = performance.now();
  let consecutiveServed = 0;
  await eventually(
    async () => {
      consecutiveServed = (await send(load)).status < 300 ? consecutiveServed + 1 : 0;
      return consecutiveServed;
    },
    (count) => count >= 20,
    20_000,
    20,
  );
  return performance.now() - endedAt;
}

function claimsOf(kind: Kind, factor: number, { goodput, p99Ms, recoveryMs }: Figures): Claim[] {
  const what = `${kind} at ${factor} times the capacity`;
  const seconds = (spread: Spread): Spread => ({
    median: spread.median / 1000,
    min: spread.min / 1000,
    max: spread.max / 1000,
  });
  return [
    {
      what: `${what}: goodput relative to the capacity`,
      bound: atLeast(0.9),
      measured: spreadOf(goodput),
      unit: "ratio",
    },
    { what: `${what}: p99 of served requests`, bound: atMost(500), measured: spreadOf(p99Ms), unit: "ms" },
    {
      what: `${what}: time until all requests are served again`,
      bound: atMost(5),
      measured: seconds(spreadOf(recoveryMs)),
      unit: "s",
    },
  ];
}
