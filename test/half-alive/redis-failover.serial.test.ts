import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../shared/eventually.ts";
import { type Answer, ask, postJson } from "../shared/requests/http.ts";
import { bearer, register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import { startRedisCluster, startRedisSentinel } from "../shared/servers/stores/redis-servers.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { type Haven, startHaven } from "../support/haven.ts";
import { detectionTimeMs, intervalMs, limits, readyStatus, timeoutMs } from "./support/observe.ts";

// Failovers of Redis. During each failover the tests continuously send requests that look up and create sessions, and
// compare the responses with those of the readiness probe.

const recoveryMs = 2 * intervalMs + 2 * timeoutMs + 300;

async function startSignedIn(env: Record<string, string>): Promise<{ haven: Haven; person: SignedIn }> {
  const haven = await startHaven({
    env: { ...sameSecret, ...limits, AUTH_RATE_LIMIT: "100000", REDIS_URL: "", ...env },
  });
  return { haven, person: await register(haven.url) };
}

type Traffic = {
  failed: number;
  /** The time from the failover to the last failed request. */
  healedMs: number;
  falseReadyMs: number;
};

/** Sends one request after the other, and records for how long they failed while the probe reported ready. */
function startTraffic(haven: Haven, request: () => Promise<Answer>) {
  const measured: Traffic = { failed: 0, healedMs: 0, falseReadyMs: 0 };
  let sinceFailover: (() => number) | undefined;
  let failingMs: (() => number) | undefined;
  let isRunning = true;
  const fails = async (): Promise<boolean> => {
    const startedMs = sinceFailover?.() ?? 0;
    if ((await request()).status < 500) {
      failingMs = undefined;
      return false;
    }
    failingMs ??= startStopwatch();
    measured.failed += 1;
    measured.healedMs = startedMs;
    return true;
  };
  const loop = (async () => {
    while (isRunning) {
      await sleep(20);
      // The probe is wrong only if a request fails after the response of the probe, so the request is repeated.
      if (!(await fails()) || (await readyStatus(haven)) !== "ready") continue;
      const falseReadyMs = failingMs?.() ?? 0;
      if (await fails()) measured.falseReadyMs = Math.max(measured.falseReadyMs, falseReadyMs);
    }
  })();
  return {
    measured,
    onFailover(): void {
      sinceFailover = startStopwatch();
    },
    async stop(): Promise<void> {
      isRunning = false;
      await loop;
    },
  };
}

/** Asserts that requests work again soon after `failOver`, which resolves when there is a new primary. */
async function assertFollows(
  { haven, person }: Awaited<ReturnType<typeof startSignedIn>>,
  failOver: () => Promise<void>,
) {
  const { email, password } = person;
  const lookUps = startTraffic(haven, () => ask(`${haven.url}/api/v1/auth/sessions`, { headers: bearer(person) }));
  const logins = startTraffic(haven, () => postJson(`${haven.url}/api/v1/auth/login`, { email, password }));
  await sleep(intervalMs);
  await failOver();
  for (const traffic of [lookUps, logins]) traffic.onFailover();
  await sleep(recoveryMs + intervalMs);
  for (const traffic of [lookUps, logins]) await traffic.stop();
  await eventually(
    () => readyStatus(haven),
    (status) => status === "ready",
  );
  for (const [name, { measured }] of Object.entries({ lookUps, logins })) {
    assert.ok(measured.healedMs < recoveryMs, `${name} failed until ${measured.healedMs} ms after the failover`);
    assert.ok(
      measured.falseReadyMs < detectionTimeMs,
      `${name} failed for ${measured.falseReadyMs} ms while the probe reported ready`,
    );
  }
  assert.notEqual(lookUps.measured.failed, 0, "no request failed during the failover");
}

for (const fault of ["killed", "frozen"] as const) {
  test(`sessions are looked up and created soon after Sentinel has replaced a primary that is ${fault}`, async () => {
    const servers = await startRedisSentinel();
    const started = await startSignedIn({ REDIS_SENTINELS: servers.sentinels, REDIS_SENTINEL_NAME: servers.name });
    await assertFollows(started, async () => {
      const old = await servers.primary();
      if (fault === "killed") await old.stop();
      else old.freeze();
      await servers.nextPrimary(old);
    });
  });
}

test("sessions are looked up and created soon after a replica has taken over the slots of a killed primary", async () => {
  const cluster = await startRedisCluster();
  await cluster.addReplica();
  const started = await startSignedIn({ REDIS_CLUSTER_NODES: cluster.nodes });
  await assertFollows(started, cluster.failOver);
});

test("sessions are looked up and created soon after all nodes of a cluster were down", async () => {
  const cluster = await startRedisCluster();
  const started = await startSignedIn({ REDIS_CLUSTER_NODES: cluster.nodes });
  await assertFollows(started, async () => {
    await cluster.stop();
    await sleep(2 * detectionTimeMs);
    for (const server of cluster.servers) await server.start();
    await cluster.allReady();
  });
});
