import type { Program } from "../../../test/shared/programs.ts";
import type { Database } from "../world/database.ts";

/** What the instances of a world keep their data in. */
export type Stores = {
  database: Database;
  /** A Postgres and a Redis that each instance reaches through a fault proxy of its own. */
  services: { databaseUrl: string; redisUrl: string };
  /** Settings instead of the two addresses: several hosts, a name that moves, Sentinel, Cluster. */
  env?: Readonly<Record<string, string>>;
  /** Connections that the instances hold, where resources are compared before and after. */
  connections?(): Promise<{ postgres: number; redis: number }>;
  /** Repairs before the next fault what the last one left, such as a standby that is now the primary. */
  repair?(): Promise<unknown>;
};

/** How Postgres and Redis are set up. */
export type Topology<S extends Stores> = {
  name: string;
  programs: readonly Program[];
  start(): Promise<S>;
};
