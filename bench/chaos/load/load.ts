import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "./ledger.ts";
import type { Attempt, Kind, Request } from "./records.ts";
import { type Answer, property, type User } from "./user.ts";

/** The time between the starts of two requests of a user, even if the first has no response yet. */
export const requestIntervalMs = 1000;
/** No retry starts after this time. */
export const requestTimeoutMs = 30_000;
const maxAttempts = 30;

export type LoadResult = {
  attempts: readonly Attempt[];
  requests: readonly Request[];
  signIns: number;
  names: string[];
};

/**
 * Starts the load. A user repeats a failed attempt after the time in its Retry-After, as the API documents. A repeated
 * write has the same Idempotency-Key.
 */
export function startLoad(users: readonly User[], ledger: Ledger) {
  const attempts: Attempt[] = [];
  const requests: Request[] = [];
  const names: string[] = [];
  const pending = new Set<Promise<void>>();
  const stopped = new AbortController();
  let signIns = 0;

  const request = async (user: User, kind: Kind): Promise<void> => {
    const name = `write ${randomUUID()}`;
    const ask = { public: publicRead, read: read(user), write: write(name), login: user.login }[kind];
    if (kind === "write") {
      names.push(name);
      ledger.recordRequest(name);
    }
    const startedAt = performance.now();
    for (let count = 1; ; count += 1) {
      const attemptStartedAt = performance.now();
      const answer = await user.ask(ask);
      const endedAt = performance.now();
      attempts.push({ kind, startedAt: attemptStartedAt, ms: endedAt - attemptStartedAt, result: answer.result });
      if (kind === "write" && answer.result === "ok")
        ledger.recordAcknowledgement(name, String(JSON.parse(answer.text).id));
      const spentMs = endedAt - startedAt;
      if (!isRetryable(answer) || count === maxAttempts || spentMs > requestTimeoutMs) {
        requests.push({ kind, startedAt, ms: spentMs, result: answer.result, attempts: count });
        return;
      }
      if (answer.status === 401 && (await user.signInAgain())) signIns += 1;
      else await sleep(pauseMs(answer, count));
    }
  };

  const runUser = async (user: User, index: number): Promise<void> => {
    const firstAt = performance.now() + (requestIntervalMs * index) / users.length;
    for (let turn = 0; ; turn += 1) {
      const waitMs = Math.max(0, firstAt + turn * requestIntervalMs - performance.now());
      await sleep(waitMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      const running = request(user, kindOf(turn + index));
      pending.add(running);
      void running.finally(() => pending.delete(running));
    }
  };
  const userRuns = users.map(runUser);
  return {
    async stop(): Promise<LoadResult> {
      stopped.abort();
      await Promise.all(userRuns);
      await Promise.all(pending);
      return { attempts, requests, signIns, names };
    },
  };
}

/** Each user sends these requests in turn. Logins are rarer, because they need CPU time. */
const turns: readonly Kind[] = ["public", "read", "write"];
const loginEvery = 30;
const kindOf = (turn: number): Kind =>
  turn % loginEvery === loginEvery - 1 ? "login" : (turns[turn % turns.length] ?? "read");

const publicRead = { method: "GET", path: "/api" } as const;
const read = ({ propertyPath }: User) => ({ method: "GET", path: propertyPath }) as const;
const write = (name: string) =>
  ({
    method: "POST",
    path: "/api/v1/properties",
    headers: { "idempotency-key": name.replaceAll(" ", "-") },
    body: property(name),
  }) as const;

/** The statuses below 500 that a client retries: session revoked, idempotency key in use, rate limit. */
const retryableStatuses = new Set([401, 409, 429]);
const isRetryable = ({ result, status }: Answer) =>
  result !== "ok" && (status === 0 || status >= 500 || retryableStatuses.has(status));

/** Returns an exponential backoff with jitter, which is not shorter than Retry-After. */
function pauseMs({ headers }: Answer, count: number): number {
  const retryAfterMs = Number(headers["retry-after"] ?? 0) * 1000;
  const backOffMs = Math.min(4000, 200 * 2 ** (count - 1));
  return Math.max(retryAfterMs, backOffMs) * (1 + Math.random() / 2);
}
