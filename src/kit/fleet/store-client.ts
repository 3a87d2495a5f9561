import { startTimeout, withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import type { FleetEntry, FleetStore, OwnEntry } from "./fleet-store.ts";

export type StoreOutcome = { didRead: boolean; startedAt: number } & (
  | { ok: true; entries: readonly FleetEntry[] }
  | { ok: false }
);

export type StoreClientDeps = {
  store: FleetStore;
  ownEntry(): OwnEntry;
  now(): number;
  /** A call that takes longer than this makes the store count as stuck. */
  stuckMs: number;
  timeoutMs: number;
  /** The maximum number of timed-out calls. Each holds a connection until its driver ends it. */
  maxAbandoned: number;
  onEnd(outcome: StoreOutcome, client: StoreClient): void;
};

export type StoreClient = {
  readonly name: FleetStore["name"];
  /** Returns whether the last call succeeded. */
  isAnswering(): boolean;
  isStuck(): boolean;
  send(how: { read: boolean }): void;
  remove(boot: string): Promise<void>;
};

/** Creates a client that makes one call at a time, with a time limit, so that a store that hangs delays no other store. */
export function createStoreClient(deps: StoreClientDeps): StoreClient {
  const { store, ownEntry, now, stuckMs, timeoutMs, maxAbandoned, onEnd } = deps;
  let current: Promise<void> | undefined;
  let isSlow = false;
  let queued: { read: boolean } | undefined;
  let lastSucceeded = true;
  let abandoned = 0;

  const call = async (read: boolean): Promise<void> => {
    const startedAt = now();
    const slow = startTimeout(stuckMs, () => {
      isSlow = true;
    });
    let outcome: StoreOutcome;
    try {
      const entry = ownEntry();
      const answer = read ? store.writeAndRead(entry) : store.write(entry).then(() => []);
      const entries = await withTimeout(timeoutMs, answer, () => onAbandoned(answer));
      outcome = { didRead: read, startedAt, ok: true, entries };
    } catch {
      outcome = { didRead: read, startedAt, ok: false };
    }
    slow.cancel();
    isSlow = false;
    lastSucceeded = outcome.ok;
    current = undefined;
    onEnd(outcome, client);
    startQueued();
  };

  const startQueued = (): void => {
    const next = queued;
    queued = undefined;
    if (next !== undefined) client.send(next);
  };

  const onAbandoned = (running: Promise<unknown>): Error => {
    abandoned += 1;
    const onSettled = () => {
      abandoned -= 1;
      startQueued();
    };
    running.then(onSettled, onSettled);
    return new Error("The store timed out.");
  };

  const client: StoreClient = {
    name: store.name,
    isAnswering: () => lastSucceeded,
    isStuck: () => (current === undefined ? abandoned >= maxAbandoned : isSlow),
    /**
     * Starts a call. While no call can start, all calls of `send` are merged into one queued call, which sends the
     * entry that is current when it starts.
     */
    send({ read }) {
      if (current === undefined && abandoned < maxAbandoned) current = call(read);
      else queued = { read: read || queued?.read === true };
    },
    /** Removes the entry after the current call has ended, because that call could write the entry again. */
    async remove(boot) {
      queued = undefined;
      await current;
      await store.remove(boot);
    },
  };
  return client;
}
