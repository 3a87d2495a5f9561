/** The heartbeat of another instance as the store holds it. */
export type FleetEntry = {
  /** Identifies one run of one process, independent of the instance's name. */
  boot: string;
  /** Time since the entry was written, by the clock of the store. */
  ageMs: number;
  /** Not parsed: another version of the server may have written it. */
  heartbeat: string;
};

/** An entry with a lower `beat` than the stored one is ignored: a connection that was frozen may deliver it late. */
export type OwnEntry = { boot: string; instance: string; beat: number; heartbeat: string };

/** A store that all instances share. A call usually takes one round trip. */
export type FleetStore = {
  name: "redis" | "postgres";
  write(entry: OwnEntry): Promise<void>;
  /** Writes the entry of this instance, and returns the entries that other instances wrote within the last `keepMs`. */
  writeAndRead(entry: OwnEntry): Promise<readonly FleetEntry[]>;
  remove(boot: string): Promise<void>;
};

/**
 * A function that creates the store for the fleet of one app. The store keeps an entry for `keepMs`.
 * @example const stores: SharedStore[] = [redisFleetStore({ client }), postgresFleetStore({ pool })];
 */
export type SharedStore = (keepMs: number) => FleetStore;
