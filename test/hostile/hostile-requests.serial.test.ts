import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { atEnd } from "../shared/at-end.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { startMailServer } from "../shared/servers/mail-server.ts";
import { slowestAliveProbeMs } from "../support/faulty-haven.ts";
import { attack, maxProcessorMs, type Report } from "./harness.ts";

const minutes = Number(process.env["HOSTILE_MINUTES"] ?? 0);
const seed = Number(process.env["HOSTILE_SEED"] ?? 1);
const perInput = minutes > 0 ? 20 : 2;

const mail = await startMailServer();
const haven = await startHavenProcess({
  entry: "main",
  env: {
    // Without a mail server, Haven rejects the operations that send mail before it handles their input.
    MAIL_URL: mail.url,
    MAIL_FROM: "no-reply@example.com",
    PUBLIC_URL: "https://app.example.com",
    NODE_ENV: "production",
    JWT_SECRET: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
    OPS_TOKEN: "an-operators-token-of-the-tests",
    // The rate limit would otherwise reject hostile requests before they are parsed.
    AUTH_RATE_LIMIT: "0",
    LOG_LEVEL: "warn",
  },
});

const until = performance.now() + minutes * 60_000;
const isOver = () => minutes > 0 && performance.now() > until;

test(`no request costs more than ${maxProcessorMs} ms of the event loop, and the live probe answers within 100 ms meanwhile`, async (t) => {
  const reports: Report[] = [];
  const idle = await startIdleServer();
  let idleMs = 0;
  const liveMs = await slowestAliveProbeMs(haven.url, async () => {
    idleMs = await slowestAliveProbeMs(idle, async () => {
      do reports.push(await attack({ ...haven, seed: seed + reports.length, perInput, until: isOver }));
      while (minutes > 0 && !isOver());
    });
  });
  const requests = reports.reduce((sum, report) => sum + report.requests, 0);
  const worst = reports.toSorted((a, b) => b.worstMs - a.worstMs)[0];
  t.diagnostic(`${requests} requests to ${worst?.operations.length} calls, from seed ${seed}`);
  t.diagnostic(`the most expensive: ${worst?.worstMs.toFixed(1)} ms, ${worst?.worst}`);
  t.diagnostic(
    `slowest answers: ${liveMs.toFixed(0)} ms by /alive, ${idleMs.toFixed(0)} ms by an idle server beside it`,
  );
  const faults = reports.flatMap((report) => report.violations);
  assert.deepEqual(
    faults.map(({ label, why, request }) => `${why}: ${label}\n${request}`),
    [],
  );
  assert.ok(liveMs < allowedLiveMs(idleMs), `/alive took ${liveMs} ms, an idle server ${idleMs} ms`);
});

/** Allows slower responses if the idle server is slow, too. A blocked event loop is detected by the processor time. */
const allowedLiveMs = (idleMs: number): number => (idleMs < 15 ? 100 : 100 + 2 * idleMs);

/** Starts an idle server for comparison: a busy machine delays both servers equally. */
async function startIdleServer(): Promise<string> {
  const child = fork(new URL("./idle-server.ts", import.meta.url));
  atEnd(() => child.disconnect());
  const [port] = await once(child, "message");
  return `http://127.0.0.1:${port}`;
}
