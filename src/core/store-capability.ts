/** The capabilities of Postgres and Redis that the server needs. */
export type StoreCapability = "read" | "write";
