import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { setImmediate as nextTick, setTimeout as sleep } from "node:timers/promises";

/**
 * A request that every client sends repeatedly.
 * @example const request: LoadRequest = { method: "POST", path: "/orders", body: "{}" };
 */
export type LoadRequest = {
  /** GET unless set. */
  method?: string;
  /** The path and the query. */
  path: string;
  /** The headers of the request. */
  headers?: Readonly<Record<string, string>>;
  /** The body of the request. */
  body?: string;
};

/**
 * A request without a response, or with a status of 500 or above.
 * @example const { method, path, status, code }: Failure = report.failures[0];
 */
export type Failure = {
  /** The method of the request. */
  method: string;
  /** The path of the request. */
  path: string;
  /** The instance or the load balancer. */
  url: string;
  /** The status of the response; null without a response. */
  status: number | null;
  /** The error code of the connection; null with a response. */
  code: string | null;
};

export type LoadOptions = {
  requests: readonly LoadRequest[];
  clients: number;
  /** Returns the address for the next request, or undefined while no instance is ready. */
  pickUrl(): string | undefined;
  requestTimeoutMs: number;
};

/**
 * Starts clients that send one request after the other over kept-alive connections, like a proxy. After a refused
 * connection the client tries another instance, because nothing was sent. Every other error is a failure.
 */
export function startLoad({ requests, clients, pickUrl, requestTimeoutMs }: LoadOptions) {
  const agent = new Agent({ keepAlive: true });
  const failures: Failure[] = [];
  let count = 0;
  let stopped = false;

  async function send(load: LoadRequest, url: string): Promise<"done" | "refused"> {
    const { method = "GET", path, headers = {}, body } = load;
    const fail = (status: number | null, code: string | null) => failures.push({ method, path, url, status, code });
    const signal = AbortSignal.timeout(requestTimeoutMs);
    try {
      const request = httpRequest(new URL(path, url), { method, headers, agent, signal });
      request.end(body);
      const [response] = await once(request, "response");
      response.resume();
      await once(response, "end");
      if (response.statusCode >= 500) fail(response.statusCode, null);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      if (code === "ECONNREFUSED") return "refused";
      fail(null, signal.aborted ? "ETIMEDOUT" : code);
    }
    count += 1;
    return "done";
  }

  async function client(index: number): Promise<void> {
    for (let turn = index; !stopped; turn += 1) {
      const load = requests[turn % requests.length];
      const url = pickUrl();
      if (load === undefined || url === undefined) await sleep(10);
      else if ((await send(load, url)) === "refused") await sleep(5);
      else await nextTick();
    }
  }

  const running = Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return {
    /** Stops the clients after their requests in flight. */
    async stop(): Promise<{ requests: number; failures: readonly Failure[] }> {
      stopped = true;
      await running;
      agent.destroy();
      return { requests: count, failures };
    },
  };
}
