import type { Hosts } from "../topologies/hosts.ts";
import type { WithPatroni } from "../topologies/patroni.ts";
import { type Fault, storeBounds } from "./fault.ts";
import { failOver } from "./postgres-failover.ts";

export const hostFaults: readonly Fault<Hosts>[] = [
  {
    name: "failover-hosts",
    title: "Postgres failover, two hosts in DATABASE_URL",
    description: "The primary is killed; 3 s later its synchronous standby, the second host of the URL, is promoted.",
    inject: ({ pair }) => failOver(pair),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
];
export const patroniFaults: readonly Fault<WithPatroni>[] = [
  {
    name: "failover-patroni",
    title: "Postgres failover by Patroni",
    description:
      "The processes of the primary are killed; Patroni promotes the standby, and starts the old primary again as a standby.",
    inject: ({ patroni }) => patroni.killPrimary(),
    bounds: storeBounds,
    alsoOnPeer: true,
  },
];
