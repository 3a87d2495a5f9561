import { changeSettings } from "../testbed/postgres-settings.ts";
import type { Single } from "../topologies/single.ts";
import { breakerMs, type Fault, storeBounds } from "./fault.ts";

const withSetting = (name: string, value: string): Pick<Fault, "inject" | "undo"> => ({
  inject: ({ database }) => changeSettings(database.adminUrl, `SET ${name} = '${value}'`),
  undo: ({ database }) => changeSettings(database.adminUrl, `RESET ${name}`),
});

/** Faults in which Postgres answers but does not do its work. */
export const postgresImpairments: readonly Fault<Single>[] = [
  {
    name: "postgres-read-only",
    title: "Postgres read-only",
    description: "ALTER SYSTEM makes every transaction read-only. Reads are answered, writes get error 25006.",
    holdMs: 10_000,
    ...withSetting("default_transaction_read_only", "on"),
    bounds: { ...storeBounds, readsFailForMs: breakerMs },
    alsoOnPeer: true,
  },
  {
    name: "commits-stalled",
    title: "Postgres commits stalled",
    description: "Commits wait for a standby that does not exist (synchronous_standby_names). Reads are answered.",
    holdMs: 12_000,
    ...withSetting("synchronous_standby_names", "missing"),
    bounds: { ...storeBounds, readsFailForMs: breakerMs },
    alsoOnPeer: true,
  },
  {
    name: "table-locked",
    title: "One table locked",
    description: "Another client holds an exclusive lock on the table of the properties; other tables are free.",
    holdMs: 12_000,
    inject: ({ database }) => database.competingClients.lock("properties"),
    undo: ({ database }) => database.competingClients.unlock(),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
];
