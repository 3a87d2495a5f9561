import { endConnectionsOfInstances } from "../testbed/competing-clients.ts";
import type { Pooled } from "../topologies/pooled.ts";
import type { WithTls } from "../topologies/tls.ts";
import { type Fault, storeBounds } from "./fault.ts";

export const tlsFaults: readonly Fault<WithTls>[] = [
  {
    name: "certificate-expired",
    title: "Certificate of Postgres expired",
    description:
      "Postgres presents an expired certificate for 10 s. At the start all connections are closed, so that instances reconnect.",
    holdMs: 10_000,
    async inject({ present, database }) {
      await present("expired");
      await endConnectionsOfInstances(database.adminUrl);
    },
    undo: ({ present }) => present("valid"),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
];

export const poolerFaults: readonly Fault<Pooled>[] = [
  {
    name: "pgbouncer-restart",
    title: "PgBouncer restarted",
    description: "PgBouncer closes all connections and refuses new ones for 3 s, until it runs again.",
    holdMs: 3000,
    inject: ({ pooler }) => pooler.stop(),
    undo: ({ pooler }) => pooler.start(),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
];
