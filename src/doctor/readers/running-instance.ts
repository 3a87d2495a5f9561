import { z } from "zod";
import { parseJson } from "../../core/parse-json.ts";
import { UnreadableError } from "../diagnostics.ts";
import type { Place } from "../facts/config-values.ts";

/** The health report of a running instance (`/health/detailed`). */
export type RunningInstance = z.infer<typeof healthReport> & { at: Place; keepAliveSeconds: number | undefined };

const healthReport = z.object({
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  phase: z.string(),
  version: z.string(),
  instance: z.string(),
  checks: z.record(
    z.string(),
    z.object({
      status: z.string(),
      critical: z.boolean(),
      latencyMs: z.number().nullable(),
      reason: z.string().nullable(),
    }),
  ),
  system: z.object({ memory: z.object({ heapLimitBytes: z.number(), limitBytes: z.number().nullable() }) }),
});

const timeLimitMs = 5000;
const maxBytes = 1_000_000;

export async function fetchRunningInstance(address: string, token: string | undefined): Promise<RunningInstance> {
  const at = { file: shownAddress(address), line: 1 };
  const base = URL.parse(address);
  if (base === null || !/^https?:$/.test(base.protocol))
    throw new UnreadableError(at, "is not a URL that begins with http:// or https://");
  const url = new URL(base);
  if (!url.pathname.endsWith("/health/detailed")) url.pathname = `${url.pathname.replace(/\/$/, "")}/health/detailed`;
  const headers = {
    accept: "application/json",
    ...(token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` }),
  };
  const reply = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(timeLimitMs) })
    .then(async (response) => ({ response, text: await firstBytes(response) }))
    .catch((error: unknown) => {
      throw new UnreadableError(
        at,
        error instanceof Error && error.name === "TimeoutError"
          ? `did not answer within ${timeLimitMs / 1000} s`
          : "cannot be reached",
      );
    });
  return parseRunningInstance(reply.text, {
    at,
    status: reply.response.status,
    keepAlive: reply.response.headers.get("keep-alive"),
  });
}

/** Returns the address without user name and password. */
function shownAddress(address: string): string {
  const url = URL.parse(address);
  return url === null ? "--live" : `${url.origin}${url.pathname}`;
}

async function firstBytes(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(parts).toString("utf8");
}

type Answer = { at: Place; status: number; keepAlive: string | null };

export function parseRunningInstance(text: string, { at, status, keepAlive }: Answer): RunningInstance {
  if (status === 404)
    throw new UnreadableError(at, "has no /health/detailed: if MANAGEMENT_PORT is set, use this port");
  const parsed = healthReport.safeParse(parseJson(text));
  if (!parsed.success) {
    const problem = /^\{"status"/.test(text)
      ? "returned only its status: set OPS_TOKEN in the environment to the token of the instance"
      : `returned status ${status} and no health report of Haven`;
    throw new UnreadableError(at, problem);
  }
  const seconds = /timeout=(\d+)/.exec(keepAlive ?? "")?.[1];
  return { ...parsed.data, at, keepAliveSeconds: seconds === undefined ? undefined : Number(seconds) };
}
