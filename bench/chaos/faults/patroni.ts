import type { WithPatroni } from "../topologies/patroni.ts";
import { type Fault, storeBounds } from "./fault.ts";

export const patroniFaults: readonly Fault<WithPatroni>[] = [
  {
    name: "failover-patroni",
    title: "Postgres failover by Patroni",
    says: "The processes of the primary are killed; Patroni promotes the standby, and starts the old primary as the new one.",
    inject: ({ patroni }) => patroni.killPrimary(),
    bounds: storeBounds,
    comparable: true,
  },
];
