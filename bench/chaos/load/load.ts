import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "./ledger.ts";
import { type Attempt, type Kind, kinds, type Request } from "./records.ts";
import { type Answer, property, type User } from "./user.ts";

/** From one request of a user to the next, whether or not the last is answered. */
export const everyMs = 1000;
/** Nothing new is tried after that. */
export const patienceMs = 30_000;
const mostAttempts = 30;

export type Sent = { attempts: readonly Attempt[]; requests: readonly Request[]; signIns: number; names: string[] };

/** Users who try again as one should: what may be done twice, with the same key, after the time that was asked for. */
export function startLoad(users: readonly User[], ledger: Ledger) {
  const attempts: Attempt[] = [];
  const requests: Request[] = [];
  const names: string[] = [];
  const pending = new Set<Promise<void>>();
  const stopped = new AbortController();
  let signIns = 0;

  const request = async (user: User, kind: Kind): Promise<void> => {
    const name = `write ${randomUUID()}`;
    const ask = { public: publicRead, read: read(user), write: write(name) }[kind];
    if (kind === "write") {
      names.push(name);
      ledger.asks(name);
    }
    const startedAt = performance.now();
    for (let count = 1; ; count += 1) {
      const begunAt = performance.now();
      const answer = await user.ask(ask);
      const endedAt = performance.now();
      attempts.push({ kind, startedAt: begunAt, ms: endedAt - begunAt, how: answer.how });
      if (kind === "write" && answer.how === "ok") ledger.acknowledges(name, String(JSON.parse(answer.text).id));
      const spentMs = endedAt - startedAt;
      if (!isWorthTrying(answer) || count === mostAttempts || spentMs > patienceMs) {
        requests.push({ kind, startedAt, ms: spentMs, how: answer.how, attempts: count });
        return;
      }
      if (answer.status === 401 && (await user.signInAgain())) signIns += 1;
      else await sleep(pauseMs(answer, count));
    }
  };

  const live = async (user: User, index: number): Promise<void> => {
    const firstAt = performance.now() + (everyMs * index) / users.length;
    for (let turn = 0; ; turn += 1) {
      const waitMs = Math.max(0, firstAt + turn * everyMs - performance.now());
      await sleep(waitMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      const done = request(user, kinds[(turn + index) % kinds.length] ?? "read");
      pending.add(done);
      void done.finally(() => pending.delete(done));
    }
  };
  const living = users.map(live);
  return {
    async stop(): Promise<Sent> {
      stopped.abort();
      await Promise.all(living);
      await Promise.all(pending);
      return { attempts, requests, signIns, names };
    },
  };
}

const publicRead = { method: "GET", path: "/api" } as const;
const read = ({ home }: User) => ({ method: "GET", path: home }) as const;
const write = (name: string) =>
  ({
    method: "POST",
    path: "/api/v1/properties",
    headers: { "idempotency-key": name.replaceAll(" ", "-") },
    body: property(name),
  }) as const;

/** The session is gone, the key is in use, too much for one address: these pass, as what is no answer at all may. */
const passing = new Set([401, 409, 429]);
const isWorthTrying = ({ how, status }: Answer) =>
  how !== "ok" && (status === 0 || status >= 500 || passing.has(status));

/** Twice as long each time, no sooner than the answer asks, and never all at once. */
function pauseMs({ headers }: Answer, count: number): number {
  const askedMs = Number(headers["retry-after"] ?? 0) * 1000;
  const backOffMs = Math.min(4000, 200 * 2 ** (count - 1));
  return Math.max(askedMs, backOffMs) * (1 + Math.random() / 2);
}
