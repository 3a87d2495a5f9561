import { once } from "node:events";
import { Agent, request } from "node:http";
import { quantile } from "../report/statistics.ts";
import { FailedRequests } from "./wrk.ts";

export type ConstantRateLoad = {
  url: string;
  headers?: Readonly<Record<string, string>>;
  perSecond: number;
  seconds: number;
  connections?: number;
};

export type Waits = { p50Ms: number; p99Ms: number; maxMs: number };

/**
 * Sends requests at a constant rate, even while the server is slow. The duration of a request is measured from the
 * moment at which it was due, so that it includes the wait behind a stalled server. One failure fails the run.
 */
export async function runConstantRate({
  url,
  headers = {},
  perSecond,
  seconds,
  connections = 32,
}: ConstantRateLoad): Promise<Waits> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });
  const waits: number[] = [];
  const failures = new Map<string, number>();
  const everyMs = 1000 / perSecond;
  const count = Math.round(perSecond * seconds);
  const startedAt = performance.now();

  const fail = (how: string) => failures.set(how, (failures.get(how) ?? 0) + 1);
  const sendAndMeasure = async (dueAt: number) => {
    try {
      const sent = request(url, { agent, headers, timeout: 20_000 });
      sent.on("timeout", () => sent.destroy(new Error("too late")));
      sent.end();
      const [response] = await once(sent, "response");
      response.resume();
      await once(response, "end");
      if (response.statusCode !== 200) fail(`${response.statusCode}`);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
    waits.push(performance.now() - dueAt);
  };

  const { promise, resolve } = Promise.withResolvers<void>();
  const running: Promise<void>[] = [];
  const tick = () => {
    const due = Math.min(count, Math.floor((performance.now() - startedAt) / everyMs) + 1);
    while (running.length < due) running.push(sendAndMeasure(startedAt + running.length * everyMs));
    if (running.length >= count) {
      clearInterval(timer);
      resolve();
    }
  };
  const timer = setInterval(tick, 1);
  await promise;
  await Promise.all(running);
  agent.destroy();
  if (failures.size > 0) {
    const each = [...failures].map(([how, times]) => `${times} × ${how}`).join(", ");
    throw new FailedRequests(`Of ${count} requests to ${url} failed: ${each}.`);
  }
  const sorted = waits.sort((a, b) => a - b);
  const at = (share: number) => quantile(sorted, share);
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0 };
}
