import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "../../shared/at-end.ts";
import { freshAddress } from "../../shared/requests/proxy-client.ts";
import { limitOf } from "./proxy-figures.ts";

export type SentRequest = {
  id: string;
  method: "GET" | "POST";
  /** `ok`, a status other than the expected one, or the code of an error. */
  outcome: string;
  /** A time of performance.now(). */
  startedAt: number;
  ms: number;
  reused: boolean;
};

export type LoadOptions = {
  /** The number of users. Each has its own address and sends GET and POST in turn; half keep their connection. */
  users?: number;
  /** The time between two requests of a user, so that the user stays below the limit of one address. */
  everyMs?: number;
  get?: string;
  post?: string;
};

export type Load = {
  sent: SentRequest[];
  /** Returns the number of requests that have no response yet. */
  inFlight(method: SentRequest["method"]): number;
  /** Resolves after this number of requests. */
  reach(requests: number): Promise<void>;
  stop(): Promise<SentRequest[]>;
};

/** Starts users who send requests and never retry, so that every failure is counted. */
export function startLoad(options: LoadOptions = {}): Load {
  const {
    users = 60,
    everyMs = (1.5 * 1000) / limitOf("api").rate,
    get = "/test/items/1",
    post = "/test/busy/20",
  } = options;
  const sent: SentRequest[] = [];
  const inFlight = { GET: 0, POST: 0 };
  let isRunning = true;

  const user = async (index: number) => {
    const from = freshAddress();
    const agent = index % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
    await sleep((everyMs * index) / users);
    for (let turn = Math.floor(index / 2); isRunning; turn += 1) {
      const startedAt = performance.now();
      const method = turn % 2 === 0 ? "GET" : "POST";
      inFlight[method] += 1;
      const id = `load-${process.pid}-${index}-${turn}-${Math.round(startedAt)}`;
      const { outcome, reused } = await exchange(id, method, method === "GET" ? get : post, from, agent);
      inFlight[method] -= 1;
      const ms = performance.now() - startedAt;
      sent.push({ id, method, outcome, startedAt, ms, reused });
      await sleep(Math.max(0, everyMs - ms));
    }
    if (agent) agent.destroy();
  };
  const done = Promise.all(Array.from({ length: users }, (_, index) => user(index)));
  // Stops the load even after a failed test.
  atEnd(() => {
    isRunning = false;
  });
  return {
    sent,
    inFlight: (method) => inFlight[method],
    async reach(requests) {
      while (sent.length < requests) await sleep(50);
    },
    async stop() {
      isRunning = false;
      await done;
      return sent;
    },
  };
}

const body = JSON.stringify({ name: "x" });

async function exchange(id: string, method: SentRequest["method"], path: string, from: string, agent: Agent | false) {
  const bodyHeaders = method === "POST" ? { "content-type": "application/json", "content-length": body.length } : {};
  const headers = { "x-request-id": id, ...bodyHeaders };
  const target = { host: "127.0.0.1", port: 80, path, method, agent, localAddress: from, headers };
  const request = httpRequest({ ...target, signal: AbortSignal.timeout(60_000) });
  try {
    request.end(method === "POST" ? body : undefined);
    const [response] = await once(request, "response");
    response.resume();
    await once(response, "end");
    const expected = method === "POST" ? 201 : 200;
    return {
      outcome: response.statusCode === expected ? "ok" : String(response.statusCode),
      reused: request.reusedSocket,
    };
  } catch (error) {
    return {
      outcome: error instanceof Error && "code" in error ? String(error.code) : String(error),
      reused: request.reusedSocket,
    };
  }
}

export const failuresOf = (sent: readonly SentRequest[]): SentRequest[] =>
  sent.filter(({ outcome }) => outcome !== "ok");

export function summary(sent: readonly SentRequest[]): string {
  const failures = failuresOf(sent);
  const posts = sent.filter(({ method }) => method === "POST").length;
  const onKeptConnection = sent.filter(({ reused }) => reused).length;
  const slowest = Math.round(Math.max(0, ...sent.slice(0, 100_000).map(({ ms }) => ms)));
  return `${sent.length} requests, ${posts} of them POST, ${onKeptConnection} on kept connections, slowest ${slowest} ms, ${failures.length} failed`;
}
