import { setTimeout as sleep } from "node:timers/promises";
import type { Connector } from "./connect/connector.ts";

/** A session that blocks a migration, without its query, which may contain data. */
export type Blocker = {
  pid: number;
  applicationName: string | null;
  backendType: string | null;
  state: string | null;
  transactionSince: Date | null;
};

const selectBlockers = `
  SELECT b.pid, a.application_name AS "applicationName", a.backend_type AS "backendType", a.state,
         a.xact_start AS "transactionSince"
  FROM unnest(pg_blocking_pids($1)) AS b (pid) LEFT JOIN pg_stat_activity a USING (pid)
  ORDER BY a.xact_start NULLS LAST, b.pid`;

export type BlockerObservation = {
  /** The session that may be blocked. */
  pid: number;
  connector: Connector;
  intervalMs: number;
  onBlocked(blockers: readonly Blocker[]): void;
};

/**
 * Reports the sessions that block `work`. A waiting session cannot run a query itself, so a second connection is opened
 * if `work` takes longer than `intervalMs`. Errors of the second connection are ignored.
 */
export async function withBlockersObserved<T>(observation: BlockerObservation, work: () => Promise<T>): Promise<T> {
  const finished = new AbortController();
  const observing = observe(observation, finished.signal).catch(() => undefined);
  try {
    return await work();
  } finally {
    finished.abort();
    await observing;
  }
}

async function observe(
  { pid, connector, intervalMs, onBlocked }: BlockerObservation,
  finished: AbortSignal,
): Promise<void> {
  await sleep(intervalMs, undefined, { signal: finished });
  const { client } = await connector.open({ applicationName: "haven-migrate", statementTimeoutMs: 1000 });
  try {
    while (!finished.aborted) {
      const { rows } = await client.query<Blocker>(selectBlockers, [pid]);
      if (rows.length > 0) onBlocked(rows);
      await sleep(intervalMs, undefined, { signal: finished });
    }
  } finally {
    await client.end();
  }
}

export function describeBlockers(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return "The blocking session could not be determined.";
  const shown = blockers.slice(0, maxShown).map(describe);
  const others = blockers.length - shown.length;
  return `Blocked by ${shown.join("; ")}${others > 0 ? `; and ${others} more` : ""}.`;
}

const maxShown = 3;

function describe({ pid, applicationName, backendType, state, transactionSince }: Blocker): string {
  if (pid === 0) return "a prepared transaction (see pg_prepared_xacts)";
  const facts = [
    ...(applicationName ? [`application ${JSON.stringify(applicationName)}`] : []),
    ...(backendType !== null && backendType !== "client backend" ? [backendType] : []),
    ...(state === null ? ["details require the role pg_read_all_stats"] : [state]),
    ...(transactionSince === null ? [] : [`transaction open since ${transactionSince.toISOString()}`]),
  ];
  return `pid ${pid} (${facts.join(", ")}; ${hintFor({ pid, applicationName, backendType, state })})`;
}

function hintFor({
  pid,
  applicationName,
  backendType,
  state,
}: Pick<Blocker, "pid" | "applicationName" | "backendType" | "state">): string {
  if (applicationName === "pg_dump") return "a backup: migrate after it has finished";
  if (backendType === "autovacuum worker") return "autovacuum: it stops by itself";
  const end = `to end it: SELECT pg_terminate_backend(${pid})`;
  return state?.startsWith("idle in transaction") ? `a transaction was left open; ${end}` : end;
}
