import type { Entry, FleetStore, Mine } from "./store.ts";
import { createStoreClient, type Outcome, type StoreClient } from "./store-client.ts";

/** What was heard from one store, or that none answers. */
export type Heard = { at: number; from: FleetStore["name"]; entries: readonly Entry[] };
export type Silence = { at: number; from: undefined };

export type HeartbeatLoopDeps = {
  /** The first that answers is asked. */
  stores: readonly FleetStore[];
  mine(): Mine;
  now(): number;
  /** A store that is waited for longer than this is as good as dead. */
  stuckMs: number;
  /** Then it is given up. */
  limitMs: number;
  /** How many connections to it may be held all the same. */
  mostHeld: number;
  /** The longest time to the next round; a new result of a check brings it on. */
  pauseMs(): number;
  onLook(look: Heard | Silence): void;
};

/** In each round every store is told, and one of them asked: the others go on telling while one is dead. */
export function createHeartbeatLoop({ stores, pauseMs, onLook, ...rest }: HeartbeatLoopDeps) {
  const lines = stores.map((store) => createStoreClient({ store, ...rest, onEnd }));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function onEnd(outcome: Outcome, line: StoreClient): void {
    if (!outcome.asked || stopped) return;
    if (outcome.ok) onLook({ at: outcome.askedAt, from: line.name, entries: outcome.entries });
    else askAnother();
  }

  function askAnother(): void {
    const other = lines.find((line) => line.answers() && !line.isStuck());
    if (other === undefined) onLook({ at: rest.now(), from: undefined });
    else other.tell({ ask: true });
  }

  /** Without any that answers the first is tried. */
  const whomToAsk = (): StoreClient | undefined => {
    const free = lines.filter((line) => !line.isStuck());
    return free.find((line) => line.answers()) ?? free[0];
  };

  const round = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    const asked = whomToAsk();
    for (const line of lines) line.tell({ ask: line === asked });
    if (asked === undefined) onLook({ at: rest.now(), from: undefined });
    timer = setTimeout(round, pauseMs());
  };

  return {
    now: round,
    /** No more rounds, and my entries taken away where that can be done. */
    async leave(boot: string): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await Promise.allSettled(lines.map((line) => line.leave(boot)));
    },
  };
}

export type HeartbeatLoop = ReturnType<typeof createHeartbeatLoop>;
