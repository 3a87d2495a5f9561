import type { Entry, FleetStore, Mine } from "./store.ts";

export type Outcome = { asked: boolean; askedAt: number } & ({ ok: true; entries: readonly Entry[] } | { ok: false });

export type StoreClientDeps = {
  store: FleetStore;
  mine(): Mine;
  now(): number;
  stuckMs: number;
  limitMs: number;
  /** What is given up goes on until its driver ends it, and has a connection meanwhile: no more of them than this. */
  mostHeld: number;
  onEnd(outcome: Outcome, line: StoreClient): void;
};

/** The way to one store: one call waited for at a time, for a limited time, so that a store that hangs delays nobody else. */
export function createStoreClient({ store, mine, now, stuckMs, limitMs, mostHeld, onEnd }: StoreClientDeps) {
  let busy: { since: number; end: Promise<void> } | undefined;
  let again: { ask: boolean } | undefined;
  let answers = true;
  let givenUp = 0;

  const call = async (ask: boolean): Promise<void> => {
    const askedAt = now();
    let outcome: Outcome;
    try {
      const words = mine();
      const answer = ask ? store.tellAndAsk(words) : store.tell(words).then(() => []);
      outcome = { asked: ask, askedAt, ok: true, entries: await within(limitMs, answer, onGivenUp) };
    } catch {
      outcome = { asked: ask, askedAt, ok: false };
    }
    answers = outcome.ok;
    busy = undefined;
    onEnd(outcome, line);
    goOn();
  };

  const goOn = (): void => {
    const next = again;
    again = undefined;
    if (next !== undefined) line.tell(next);
  };

  /** Whatever it gives in the end is nobody's any more. */
  const onGivenUp = (left: Promise<unknown>): void => {
    givenUp += 1;
    const end = () => {
      givenUp -= 1;
      goOn();
    };
    left.then(end, end);
  };

  const line = {
    name: store.name,
    answers: (): boolean => answers,
    isStuck: (): boolean => (busy === undefined ? givenUp >= mostHeld : now() - busy.since > stuckMs),
    /** What is said while no call can be made is said, as it is then, when one can. */
    tell({ ask }: { ask: boolean }): void {
      if (busy === undefined && givenUp < mostHeld) busy = { since: now(), end: call(ask) };
      else again = { ask: ask || again?.ask === true };
    },
    /** Takes my entry away, after the call that is under way. */
    async leave(boot: string): Promise<void> {
      again = undefined;
      await busy?.end;
      await store.leave(boot);
    },
  };
  return line;
}

async function within<T>(limitMs: number, call: Promise<T>, onTooLate: (call: Promise<T>) => void): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    onTooLate(call);
    reject(new Error("The store took too long."));
  }, limitMs);
  try {
    return await Promise.race([call, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

export type StoreClient = {
  readonly name: FleetStore["name"];
  answers(): boolean;
  /** Its call takes so long that it cannot be counted on. */
  isStuck(): boolean;
  tell(how: { ask: boolean }): void;
  leave(boot: string): Promise<void>;
};
