import type { Program } from "../../../test/shared/programs.ts";
import type { Database } from "../world/database.ts";

/** The stores of the instances. */
export type Stores = {
  database: Database;
  /** A Postgres and a Redis that each instance reaches through its own fault proxies. */
  services: { databaseUrl: string; redisUrl: string };
  /** Settings instead of the two addresses: several hosts, a name that moves, Sentinel, Cluster. */
  env?: Readonly<Record<string, string>>;
  /** Connections that the instances hold, where resources are compared before and after. */
  connections?(): Promise<{ postgres: number; redis: number }>;
  /** Restores the initial state before the next fault, such as a standby that has become the primary. */
  repair?(): Promise<unknown>;
};

/** How Postgres and Redis are set up. */
export type Topology<S extends Stores> = {
  name: string;
  programs: readonly Program[];
  start(): Promise<S>;
};
