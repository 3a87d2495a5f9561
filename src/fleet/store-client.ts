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
  /** A call that timed out runs on, and holds a connection, until its driver ends it. No more of them than this. */
  maxAbandoned: number;
  onEnd(outcome: StoreOutcome, client: StoreClient): void;
};

export type StoreClient = {
  readonly name: FleetStore["name"];
  /** Whether the last call succeeded. */
  isAnswering(): boolean;
  isStuck(): boolean;
  send(how: { read: boolean }): void;
  remove(boot: string): Promise<void>;
};

/** Calls one store: one call at a time, with a time limit, so that a store that hangs does not delay another store. */
export function createStoreClient(deps: StoreClientDeps): StoreClient {
  const { store, ownEntry, now, stuckMs, timeoutMs, maxAbandoned, onEnd } = deps;
  let current: { startedAt: number; end: Promise<void> } | undefined;
  let queued: { read: boolean } | undefined;
  let lastSucceeded = true;
  let abandoned = 0;

  const call = async (read: boolean): Promise<void> => {
    const startedAt = now();
    let outcome: StoreOutcome;
    try {
      const entry = ownEntry();
      const answer = read ? store.writeAndRead(entry) : store.write(entry).then(() => []);
      outcome = { didRead: read, startedAt, ok: true, entries: await withTimeout(timeoutMs, answer, onAbandoned) };
    } catch {
      outcome = { didRead: read, startedAt, ok: false };
    }
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

  const onAbandoned = (running: Promise<unknown>): void => {
    abandoned += 1;
    const onSettled = () => {
      abandoned -= 1;
      startQueued();
    };
    running.then(onSettled, onSettled);
  };

  const client: StoreClient = {
    name: store.name,
    isAnswering: () => lastSucceeded,
    isStuck: () => (current === undefined ? abandoned >= maxAbandoned : now() - current.startedAt > stuckMs),
    /** While no call can start, requests are merged into one, which sends the entry of the moment it starts. */
    send({ read }) {
      if (current === undefined && abandoned < maxAbandoned) current = { startedAt: now(), end: call(read) };
      else queued = { read: read || queued?.read === true };
    },
    /** Waits for the current call, which could write the entry again. */
    async remove(boot) {
      queued = undefined;
      await current?.end;
      await store.remove(boot);
    },
  };
  return client;
}

async function withTimeout<T>(timeoutMs: number, call: Promise<T>, onTimeout: (call: Promise<T>) => void): Promise<T> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    onTimeout(call);
    reject(new Error("The store timed out."));
  }, timeoutMs);
  try {
    return await Promise.race([call, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
