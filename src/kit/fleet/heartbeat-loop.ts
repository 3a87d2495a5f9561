import type { FleetEntry, FleetStore } from "./fleet-store.ts";
import { createStoreClient, type StoreClient, type StoreClientDeps, type StoreOutcome } from "./store-client.ts";

export type StoreReading = { at: number; from: FleetStore["name"]; entries: readonly FleetEntry[] };

/** No store returned entries. */
export type NoReading = { at: number; from: undefined };

export type HeartbeatLoopDeps = Omit<StoreClientDeps, "store" | "onEnd"> & {
  /** The stores, the preferred one for reading first. */
  stores: readonly FleetStore[];
  /** Returns the time until the next round, unless `runNow` is called earlier. */
  pauseMs(): number;
  onReading(reading: StoreReading | NoReading): void;
};

/** Each round writes to every store and reads from one, so that writes to one store continue while another is down. */
export function createHeartbeatLoop({ stores, pauseMs, onReading, ...clientDeps }: HeartbeatLoopDeps) {
  const clients = stores.map((store) => createStoreClient({ store, ...clientDeps, onEnd }));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function onEnd(outcome: StoreOutcome, client: StoreClient): void {
    if (!outcome.didRead || stopped) return;
    if (outcome.ok) onReading({ at: outcome.startedAt, from: client.name, entries: outcome.entries });
    else readFromAnother();
  }

  function readFromAnother(): void {
    const other = clients.find((client) => client.isAnswering() && !client.isStuck());
    if (other === undefined) onReading({ at: clientDeps.now(), from: undefined });
    else other.send({ read: true });
  }

  /** Chooses the first store that answered its last call, or else the first one that is not stuck. */
  const chooseReader = (): StoreClient | undefined => {
    const free = clients.filter((client) => !client.isStuck());
    return free.find((client) => client.isAnswering()) ?? free[0];
  };

  const runNow = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    const reader = chooseReader();
    for (const client of clients) client.send({ read: client === reader });
    if (reader === undefined) onReading({ at: clientDeps.now(), from: undefined });
    timer = setTimeout(runNow, pauseMs());
  };

  return {
    runNow,
    /** Stops, and removes the entry of this instance from every store that answers. */
    async leave(boot: string): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await Promise.allSettled(clients.map((client) => client.remove(boot)));
    },
  };
}
