import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createInstance, type Instance } from "./instances.ts";
import { type Failure, type LoadRequest, startLoad } from "./load.ts";

/**
 * The options of `rollingRestart`.
 * @example const options: RollingRestartOptions = { args: ["app.mjs"], instances: 3, restarts: 3, target: "http://lb" };
 */
export type RollingRestartOptions = {
  /** The program of an instance; `process.execPath` unless set. */
  command?: string;
  /** The arguments of the program: the file of the app. */
  args: readonly string[];
  /** The working directory of an instance; that of this process unless set. */
  cwd?: string;
  /** The environment of an instance; `{ PORT: String(port) }` unless set. */
  env?: (instance: { port: number; index: number }) => Readonly<Record<string, string | undefined>>;
  /** Ports of the instances, for a load balancer that is configured with them; free ports unless set. */
  ports?: readonly number[];
  /** Number of instances; 2 unless set. */
  instances?: number;
  /** Number of restarts, one after the other; 5 unless set. */
  restarts?: number;
  /** The path of the ready probe; "/ready" unless set. */
  readyPath?: string;
  /** The requests that clients repeat; `GET /` unless set. Add a slow request and a POST. */
  requests?: readonly LoadRequest[];
  /** The number of concurrent clients; 8 unless set. */
  clients?: number;
  /** The URL of a load balancer in front of the instances; clients choose among ready instances unless set. */
  target?: string;
  /** Time from ready to the next restart, in which the load balancer detects the instance; 1000 unless set. */
  settleMs?: number;
  /** Time limit from the start of an instance until it is ready; 30,000 unless set. */
  startTimeoutMs?: number;
  /** Time limit from SIGTERM to the exit; 60,000 unless set. */
  stopTimeoutMs?: number;
  /** Time limit of one request; 30,000 unless set. */
  requestTimeoutMs?: number;
};

/**
 * The result of `rollingRestart`.
 * @example const { requests, failures, exits }: RollingRestartReport = await rollingRestart({ args: ["app.mjs"] });
 */
export type RollingRestartReport = {
  /** The number of requests. */
  requests: number;
  /** Requests without a response, or with a status of 500 or above. */
  failures: readonly Failure[];
  /** The exit code, or the signal, of each process that was stopped for a restart. */
  exits: readonly (number | string | null)[];
};

/**
 * Restarts the instances of an app one after the other under load, as a deployment does, and reports failed requests.
 * @example
 * const requests = [{ path: "/slow" }, { method: "POST", path: "/orders", body: "{}" }];
 * const report = await rollingRestart({ args: ["app.mjs"], requests });
 * assert.deepEqual(report.failures, []);
 */
export async function rollingRestart(options: RollingRestartOptions): Promise<RollingRestartReport> {
  const { restarts = 5, target, requests = [{ path: "/" }], clients = 8 } = options;
  const { settleMs = 1000, requestTimeoutMs = 30_000 } = options;
  const ports = options.ports ?? (await freePorts(options.instances ?? 2));
  const instances = ports.map((port, index) => instanceOf(options, port, index));
  const probing = Promise.all(instances.map((instance) => instance.probe()));
  try {
    await Promise.all(instances.map((instance) => instance.start()));
    const pickUrl = target === undefined ? pickReady(instances) : () => target;
    const load = startLoad({ requests, clients, pickUrl, requestTimeoutMs });
    const exits = await restartEach(instances, restarts, settleMs).finally(load.stop);
    const report = { ...(await load.stop()), exits };
    await Promise.all(instances.map((instance) => instance.stop()));
    return report;
  } finally {
    for (const instance of instances) {
      instance.endProbes();
      instance.kill();
    }
    await probing;
  }
}

async function restartEach(
  instances: readonly Instance[],
  restarts: number,
  settleMs: number,
): Promise<(number | string | null)[]> {
  const exits: (number | string | null)[] = [];
  for (let restart = 0; restart < restarts; restart += 1) {
    const instance = instances[restart % instances.length];
    if (instance === undefined) break;
    exits.push(await instance.stop());
    await instance.start();
    await sleep(settleMs);
  }
  return exits;
}

function instanceOf(options: RollingRestartOptions, port: number, index: number): Instance {
  const { command = process.execPath, args, cwd = process.cwd(), readyPath = "/ready" } = options;
  const { startTimeoutMs = 30_000, stopTimeoutMs = 60_000 } = options;
  const env = options.env?.({ port, index }) ?? { PORT: String(port) };
  const url = `http://127.0.0.1:${port}`;
  return createInstance({ command, args, cwd, env, url, readyPath, startTimeoutMs, stopTimeoutMs });
}

/** Returns a function that picks the ready instances in turn. */
function pickReady(instances: readonly Instance[]): () => string | undefined {
  let turn = 0;
  return () => {
    const ready = instances.filter((instance) => instance.isReady());
    turn += 1;
    return ready[turn % Math.max(1, ready.length)]?.url;
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
