import type { Queryable } from "../db/pool.ts";
import type { FleetEntry, FleetStore } from "../kit/fleet/fleet-store.ts";
import { createPostgresStore as createStore } from "../kit/fleet/postgres-store.ts";

/** Creates the fleet store of the kit, on the table that the migrations of this server create. */
export const createPostgresStore = (db: Queryable, keepMs: number): FleetStore =>
  createStore({
    run: (statement, values) => db.query<FleetEntry>(statement, values),
    table: "fleet_instances",
    keepMs,
  });
