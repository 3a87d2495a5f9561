import { accounts } from "../topologies/accounts.ts";
import { behindDnsName } from "../topologies/behind-dns-name.ts";
import { cluster } from "../topologies/cluster.ts";
import { hosts } from "../topologies/hosts.ts";
import { patroni } from "../topologies/patroni.ts";
import { pooled } from "../topologies/pooled.ts";
import { sentinel } from "../topologies/sentinel.ts";
import { single } from "../topologies/single.ts";
import { smallDisk } from "../topologies/small-disk.ts";
import { tls } from "../topologies/tls.ts";
import { accountFaults } from "./accounts.ts";
import { deployFaults } from "./deploys.ts";
import { clockFault, environmentFaults } from "./environment.ts";
import type { Bounds, FaultFacts } from "./fault.ts";
import { type FaultGroup, groupOf } from "./group.ts";
import { instanceFaults } from "./instances.ts";
import { postgresFaults } from "./postgres.ts";
import { nameFaults } from "./postgres-failover.ts";
import { hostFaults, patroniFaults } from "./postgres-hosts.ts";
import { postgresImpairments } from "./postgres-impaired.ts";
import { poolerFaults, tlsFaults } from "./postgres-pooler-and-tls.ts";
import { redisFaults } from "./redis.ts";
import { clusterFaults, sentinelFaults } from "./redis-failover.ts";
import { redisImpairments } from "./redis-impaired.ts";
import { smallDiskFaults } from "./small-disk.ts";

/** Faults that replace processes come first, so that the other faults have one baseline of resources. */
const singleFaults = [
  clockFault,
  ...instanceFaults,
  ...deployFaults,
  ...redisFaults,
  ...redisImpairments,
  ...postgresFaults,
  ...postgresImpairments,
  ...environmentFaults,
];

export const groups: readonly FaultGroup[] = [
  groupOf(single, singleFaults),
  groupOf(smallDisk, smallDiskFaults),
  groupOf(behindDnsName, nameFaults),
  groupOf(hosts, hostFaults),
  groupOf(tls, tlsFaults),
  groupOf(pooled, poolerFaults),
  groupOf(patroni, patroniFaults),
  groupOf(sentinel, sentinelFaults),
  groupOf(cluster, clusterFaults),
  groupOf(accounts, accountFaults),
];

export const faults: readonly FaultFacts[] = groups.flatMap((group) => group.faults);

export const factsOfFault = (name: string): FaultFacts | undefined => faults.find((fault) => fault.name === name);

export const boundsOf = (name: string): Bounds => factsOfFault(name)?.bounds ?? {};
