/** What the server needs of Postgres or of Redis. */
export type StoreCapability = "read" | "write";
