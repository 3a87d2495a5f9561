/** What one instance said of itself. */
export type Entry = {
  /** Of one life of one process, whatever the instance is called. */
  boot: string;
  /** Since it was written, by the clock of the store. */
  ageMs: number;
  /** As it was written, by whatever version. */
  heartbeat: string;
};

/** What has a lower `beat` than what is there comes too late, and is not written: a path may thaw with old words in it. */
export type Mine = { boot: string; instance: string; beat: number; heartbeat: string };

/** A place that all instances share. Every call is one round trip, and goes through the breaker of its store. */
export type FleetStore = {
  name: "redis" | "postgres";
  /** Writes what I say. */
  tell(mine: Mine): Promise<void>;
  /** Writes what I say, and gives what the others said within the last `keepMs`. */
  tellAndAsk(mine: Mine): Promise<readonly Entry[]>;
  leave(boot: string): Promise<void>;
};
