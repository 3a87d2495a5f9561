import type { World } from "../world/world.ts";

/** Limits of a fault. The report states by how much each was met or missed. */
export type Bounds = {
  /** No request fails, with any number of retries. */
  noRequestFails?: boolean;
  /** No attempt fails: no request needs a retry. */
  noAttemptFails?: boolean;
  /** Only attempts that the instance was processing when it died fail. */
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
  /** Time from the injection until the fault is undone; none for a fault that ends by itself. */
  holdMs?: number;
  /** Run just before the injection, to make the effect of the fault clearer. */
  prepare?(world: World): Promise<unknown>;
  /** Resolves when the fault is in effect; for a fault that ends by itself, when it is over. */
  inject(world: World): Promise<unknown>;
  undo?(world: World): Promise<unknown>;
  bounds: Bounds;
  /** The fault leaves a new process. */
  replacesProcesses?: boolean;
  /** Part of --quick. */
  quick?: boolean;
};

/** Two health-check intervals at their default. */
export const twoIntervalsMs = 4000;
/** The time until a breaker opens. */
export const breakerMs = 500;
