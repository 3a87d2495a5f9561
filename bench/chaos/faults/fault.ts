import type { World } from "../world/world.ts";

/** What has to hold. Of each the report says by how much it was kept or missed. */
export type Bounds = {
  /** Nobody's request fails, however often it had to be tried. */
  noRequestFails?: boolean;
  /** Not one attempt of them either: nobody has to try again. */
  noAttemptFails?: boolean;
  /** Attempts fail only where the instance had them in its hands when it died. */
  onlyUnderWay?: boolean;
  /** The last attempt that fails begins no later than this after the end of the fault. */
  backWithinMs?: number;
  /** The last authenticated read that fails begins no later than this after the fault begins, or ends. */
  readsFailForMs?: number;
};

export type Fault = {
  name: string;
  title: string;
  says: string;
  /** From the injection until it is undone; a fault that ends by itself has none. */
  holdMs?: number;
  /** What makes it tell more, done just before. */
  prepare?(world: World): Promise<unknown>;
  /** Ends when the fault is there; of one that ends by itself, when it is over. */
  inject(world: World): Promise<unknown>;
  undo?(world: World): Promise<unknown>;
  bounds: Bounds;
  /** Afterwards there is a process that was not there before. */
  replacesProcesses?: boolean;
  /** Part of the short form. */
  quick?: boolean;
};

/** Two intervals of the health checks as they are set unless told otherwise. */
export const twoIntervalsMs = 4000;
/** What a breaker needs to open. */
export const breakerMs = 500;
