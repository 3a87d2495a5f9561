import { setTimeout as sleep } from "node:timers/promises";
import { endConnectionsOfInstances } from "../testbed/competing-clients.ts";
import type { Pair } from "../testbed/postgres-pair.ts";
import { type BehindDnsName, postgresName } from "../topologies/behind-dns-name.ts";
import { type Fault, storeBounds } from "./fault.ts";

/** The simulated time that a failover manager needs to detect the failure and to start the promotion. */
const decisionMs = 3000;

export async function failOver(pair: Pair): Promise<void> {
  await pair.primary().kill();
  await sleep(decisionMs);
  await pair.promote();
}

export const nameFaults: readonly Fault<BehindDnsName>[] = [
  {
    name: "dns-late",
    title: "DNS answers late",
    description:
      "DNS answers for the name of Postgres take 8 s. All connections are closed once, so that the instances resolve the name.",
    holdMs: 10_000,
    async inject({ names, database }) {
      names.delay(8000);
      await endConnectionsOfInstances(database.adminUrl);
    },
    undo: async ({ names }) => names.delay(0),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
  {
    name: "dns-wrong",
    title: "DNS answers wrongly",
    description: "The name of Postgres leads to an address where nothing listens, and all connections are ended once.",
    holdMs: 10_000,
    async inject({ names, database }) {
      names.point(postgresName, "127.0.1.9");
      await endConnectionsOfInstances(database.adminUrl);
    },
    undo: async ({ names, pair }) => names.point(postgresName, pair.primary().host),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
  {
    name: "failover-address",
    title: "Postgres failover, the address moves",
    description: "The primary is killed; 3 s later its synchronous standby is promoted, and the name leads to it.",
    async inject({ pair, names }) {
      await failOver(pair);
      names.point(postgresName, pair.primary().host);
    },
    bounds: storeBounds,
    alsoOnPeer: true,
  },
  {
    name: "failover-stale-address",
    title: "Postgres failover, the old primary comes back read-only",
    description:
      "After a failover the name still leads to the old primary, which is running again and rejects writes. Later the name leads to the new primary.",
    holdMs: 10_000,
    async inject({ pair }) {
      await failOver(pair);
      await pair.startOldReadOnly();
    },
    undo: async ({ pair, names }) => names.point(postgresName, pair.primary().host),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
];
