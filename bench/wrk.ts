import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ask, postJson } from "../test/shared/requests/http.ts";
import { interruption } from "./interruption.ts";

export type Load = {
  url: string;
  headers?: Readonly<Record<string, string>>;
  connections?: number;
  seconds: number;
  /** The body of POST requests, each with an Idempotency-Key of its own; GET requests unless set. */
  creates?: unknown;
};

export type WrkResult = { perSecond: number; p50Ms: number; p99Ms: number; maxMs: number; requests: number };

const script = fileURLToPath(new URL("./wrk.lua", import.meta.url));

/**
 * As many requests as the server answers, over kept-alive connections. wrk counts a redirect as a success, so one
 * request is sent before the run, and has to return 200, or 201 for a create.
 */
export async function runWrk({ url, headers = {}, connections = 16, seconds, creates }: Load): Promise<WrkResult> {
  const given = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { status } = await (creates === undefined
    ? ask(url, { headers: { ...headers } })
    : postJson(url, creates, { ...headers, "idempotency-key": randomUUID() }));
  if (status !== (creates === undefined ? 200 : 201)) throw new FailedRequests(`${url} answered ${status}.`);
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, ...given, url];
  if (creates !== undefined) args.push("--", JSON.stringify(creates), randomUUID());
  const { stdout } = await promisify(execFile)("wrk", args, {
    timeout: (seconds + 20) * 1000,
    signal: interruption,
  });
  const result = JSON.parse(stdout.slice(stdout.lastIndexOf("\n{")));
  if (result.failed > 0) throw new FailedRequests(`${result.failed} of ${result.requests} requests to ${url} failed.`);
  if (result.requests === 0) throw new FailedRequests(`No request to ${url} was answered.`);
  return { ...result, perSecond: result.requests / result.seconds };
}

export class FailedRequests extends Error {}
