import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { HealthReport } from "../../../src/kit/index.ts";
import { eventually } from "../../shared/eventually.ts";
import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import { bearer, type SignedIn } from "../../shared/requests/people.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";
import type { Haven } from "../../support/haven.ts";

export const intervalMs = 400;
export const timeoutMs = 300;
export const statementLimitMs = 1000;
export const detectionTimeMs = intervalMs + 2 * timeoutMs + 500;

export const limits = {
  HEALTH_CHECK_INTERVAL: String(intervalMs),
  HEALTH_CHECK_TIMEOUT: String(timeoutMs),
  REDIS_COMMAND_TIMEOUT_MS: "200",
  DB_CONNECT_TIMEOUT_MS: "500",
  DB_STATEMENT_TIMEOUT_MS: String(statementLimitMs),
};

type Store = "postgres" | "redis";

export const createProperty = ({ url }: Haven, person: SignedIn): Promise<Answer> =>
  postJson(
    `${url}/api/v1/properties`,
    {
      name: "Elm Court",
      kind: "house",
      address: { line1: "1 Elm Street", city: "Springfield", postalCode: "12345", country: "US" },
    },
    bearer(person),
  );

export const listProperties = ({ url }: Haven, person: SignedIn): Promise<Answer> =>
  ask(`${url}/api/v1/properties`, { headers: bearer(person) });

export const codeOf = (answer: Answer): string => (answer.json() as { code: string }).code;

export const readyStatus = async ({ url }: Haven): Promise<string> =>
  ((await ask(`${url}/ready`)).json() as { status: string }).status;

export const reportOf = async ({ url }: Haven): Promise<HealthReport> =>
  (await ask(`${url}/health/detailed`)).json() as HealthReport;

/**
 * Sends requests until one fails. Returns the failed response and the false-ready time: from the failed response until `/ready`
 * reports the failure. The time in which this process waited for a CPU does not count, because the server runs in it.
 */
export async function falseReadyTime(haven: Haven, request: () => Promise<Answer>) {
  const failed = await eventually(request, ({ status }) => status >= 500, 5000, 5);
  const elapsedMs = startStopwatch();
  await eventually(
    () => readyStatus(haven),
    (status) => status !== "ready",
    detectionTimeMs + 3000,
    5,
  );
  return { failed, falseReadyMs: elapsedMs() };
}

/** Asserts that the store answers reads but not writes, with this reason, and that the instance stays in rotation. */
export async function assertCannotWrite(haven: Haven, store: Store, reason: string): Promise<void> {
  await eventually(
    async () => (await reportOf(haven)).checks[store],
    (check) => check?.status === "impaired" && check.reason === reason,
    detectionTimeMs + 3000,
  );
  const report = await reportOf(haven);
  assert.equal(report.status, "degraded");
  assert.partialDeepStrictEqual(report.checks[store]?.capabilities, {
    read: { status: "up", reason: null },
    write: { status: "down", reason },
  });
  const breakers = new Map(report.circuitBreakers.map(({ name, state }) => [name, state]));
  assert.equal(breakers.get(store), "closed");
  assert.notEqual(breakers.get(`${store}:write`), "closed");
  const metrics = (await ask(`${haven.url}/metrics`)).text;
  assert.match(metrics, new RegExp(`^health_capability\\{check="${store}",capability="read"\\} 1$`, "m"));
  assert.match(metrics, new RegExp(`^health_capability\\{check="${store}",capability="write"\\} 0$`, "m"));
  const reasons = metrics.match(/^health_capability_reason\{.*$/gm) ?? [];
  assert.deepEqual(reasons, [`health_capability_reason{check="${store}",capability="write",reason="${reason}"} 1`]);
}

/** Asserts that a request is rejected at once with Retry-After, although its body never arrives. */
export async function assertRefusedBeforeBody(haven: Haven, path: string, headers: Record<string, string>) {
  const { connect } = await import("node:net");
  const { once } = await import("node:events");
  const socket = connect(haven.port, "127.0.0.1");
  await once(socket, "connect");
  const lines = Object.entries({ ...headers, "content-type": "application/json", "content-length": "9000" });
  const elapsedMs = startStopwatch();
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${lines.map((line) => line.join(": ")).join("\r\n")}\r\n\r\n`);
  const [chunk] = await once(socket, "data", { signal: AbortSignal.timeout(5000) });
  const ms = elapsedMs();
  socket.destroy();
  const text = String(chunk);
  assert.match(text, /^HTTP\/1\.1 503 /);
  assert.match(text, /^Retry-After: \d+\r$/im);
  assert.match(text, /"code":"read_only"/);
  return ms;
}

/** The median of five, because a busy machine delays single answers. */
export async function medianMs(measure: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i += 1) times.push(await measure());
  return times.sort((a, b) => a - b)[2] ?? 0;
}

export async function assertWritesAgain(haven: Haven, store: Store, write: () => Promise<Answer>): Promise<void> {
  const elapsedMs = startStopwatch();
  await eventually(
    () => readyStatus(haven),
    (status) => status === "ready",
    5000,
    10,
  );
  const recoveryMs = elapsedMs();
  assert.ok(recoveryMs < 2 * intervalMs + 2 * timeoutMs + 300, `healed after ${recoveryMs} ms`);
  const statuses = (await Promise.all(Array.from({ length: 15 }, write))).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)], [201], `${store} writes again`);
}

/** Returns the states that the check of this store has had while some work was done. */
export async function statesDuring(haven: Haven, store: Store, work: () => Promise<unknown>): Promise<string[]> {
  const states = new Set<string>();
  let done = false;
  const watching = (async () => {
    while (!done) {
      states.add((await reportOf(haven)).checks[store]?.status ?? "absent");
      await sleep(5);
    }
  })();
  await work().finally(() => {
    done = true;
  });
  await watching;
  return [...states];
}
