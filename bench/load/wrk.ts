import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ask, postJson } from "../../test/shared/requests/http.ts";
import { interruption } from "../interruption.ts";

export type Load = {
  url: string;
  headers?: Readonly<Record<string, string>>;
  connections?: number;
  seconds: number;
  /** The body of POST requests, each with an Idempotency-Key of its own; GET requests unless set. */
  postBody?: unknown;
  /** Whether each request has a client address of its own in `X-Forwarded-For`. */
  manyClients?: boolean;
  /** The mean of the random pause of each connection before a request; 0 unless set. */
  pauseMs?: number;
};

export type WrkResult = { perSecond: number; p50Ms: number; p99Ms: number; maxMs: number; requests: number };

/** `rejected` counts answers with an error status, `failed` requests without an answer. */
export type WrkResultWithErrors = WrkResult & { seconds: number; rejected: number; failed: number };

const script = fileURLToPath(new URL("./wrk.lua", import.meta.url));

/**
 * Sends as many requests as the server answers, over kept-alive connections. wrk counts a redirect as a success, so one
 * request is sent before the run, and has to return 200, or 201 for a create. One failure fails the run.
 */
export async function runWrk(load: Load): Promise<WrkResult> {
  const { url, headers = {}, postBody } = load;
  const { status } = await (postBody === undefined
    ? ask(url, { headers: { ...headers } })
    : postJson(url, postBody, { ...headers, "idempotency-key": randomUUID() }));
  if (status !== (postBody === undefined ? 200 : 201)) throw new FailedRequests(`${url} answered ${status}.`);
  const result = await runWrkAllowingErrors(load);
  const failed = result.failed + result.rejected;
  if (failed > 0) throw new FailedRequests(`${failed} of ${result.requests} requests to ${url} failed.`);
  if (result.requests === 0) throw new FailedRequests(`No request to ${url} was answered.`);
  return result;
}

/** Does not fail if requests fail or are rejected, and returns their numbers. */
export async function runWrkAllowingErrors({
  url,
  headers = {},
  connections = 16,
  seconds,
  postBody,
  manyClients = false,
  pauseMs = 0,
}: Load): Promise<WrkResultWithErrors> {
  const headerArguments = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, ...headerArguments, url];
  args.push("--", String(pauseMs), manyClients ? "many" : "one");
  if (postBody !== undefined) args.push(JSON.stringify(postBody), randomUUID());
  const { stdout } = await promisify(execFile)("wrk", args, {
    timeout: (seconds + 20) * 1000,
    signal: interruption,
  });
  const result = JSON.parse(stdout.slice(stdout.lastIndexOf("\n{")));
  return { ...result, perSecond: result.requests / result.seconds };
}

export class FailedRequests extends Error {}
