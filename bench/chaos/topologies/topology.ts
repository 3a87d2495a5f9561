import type { Program } from "../../../test/shared/programs.ts";
import type { Database } from "../testbed/database.ts";

/** The stores of the instances. */
export type Stores = {
  database: Database;
  /** The Postgres and the Redis that each instance reaches through its own fault proxies. */
  services: { databaseUrl: string; redisUrl: string };
  /** Settings that replace the two addresses: several hosts, a changing DNS name, Sentinel or Cluster. */
  env?: Readonly<Record<string, string>>;
  /** Counts the connections of the instances; absent in a topology whose resources are not compared. */
  connections?(): Promise<{ postgres: number; redis: number }>;
  /** Restores the initial state before the next fault. For example, makes a promoted standby a standby again. */
  repair?(): Promise<unknown>;
};

/** A set-up of Postgres and Redis. */
export type Topology<S extends Stores> = {
  name: string;
  programs: readonly Program[];
  start(): Promise<S>;
};
