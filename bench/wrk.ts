import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ask } from "../test/shared/requests/http.ts";
import { interruption } from "./interruption.ts";

export type Load = { url: string; headers?: Readonly<Record<string, string>>; connections?: number; seconds: number };

export type WrkResult = { perSecond: number; p50Ms: number; p99Ms: number; maxMs: number; requests: number };

const script = fileURLToPath(new URL("./wrk.lua", import.meta.url));

/**
 * As many requests as the server answers, over kept-alive connections. wrk counts a redirect as a success, so one
 * request is sent before the run, and has to return 200.
 */
export async function runWrk({ url, headers = {}, connections = 16, seconds }: Load): Promise<WrkResult> {
  const given = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { status } = await ask(url, { headers: { ...headers } });
  if (status !== 200) throw new FailedRequests(`${url} answered ${status}.`);
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, ...given, url];
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
