import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { send } from "../../shared/requests/proxy-client.ts";
import { names } from "../../shared/servers/fleet.ts";
import type { RunningProxy } from "../../shared/servers/proxies.ts";
import type { FakeUpstreams, ReceivedRequest } from "./fake-upstreams.ts";

export type Edge = { proxy: RunningProxy; backends: FakeUpstreams };

let paths = 0;

/** Returns a path that no test has requested before. */
export const freshPath = (): string => {
  paths += 1;
  return `/api/v1/things/${paths}`;
};

/** Returns the requests for one path that reached an instance. */
export const receivedRequests = ({ backends }: Edge, path: string): ReceivedRequest[] =>
  backends.received.filter(({ url }) => url === path);

/**
 * Stops all upstreams, and waits until HAProxy has closed its connections to them. If a connection closes during a
 * request and no other instance is left, HAProxy sends no response.
 */
export async function stopAllUpstreams({ backends }: Edge): Promise<void> {
  for (const name of names) await backends.close(name);
  await sleep(100);
}

/** Waits until every instance gets requests again. */
export async function waitForAllUpstreams(): Promise<void> {
  const answered = new Set<unknown>();
  await eventually(
    async () => {
      const answer = await send("/api/v1/who");
      if (answer.status === 200) answered.add(answer.headers["x-upstream"]);
      return answered.size;
    },
    (size) => size === names.length,
    10_000,
    50,
  );
}

/** Waits for the line of a request to this path in the access log. */
export async function waitForLogLine(proxy: RunningProxy, path: string) {
  const find = () => proxy.accessLog().find((line) => line.path === path);
  const line = await eventually(find, (found) => found !== undefined, 3000);
  if (line === undefined) throw new Error(`Not in the log: ${path}`);
  return line;
}
