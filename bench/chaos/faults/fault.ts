import type { Program } from "../../../test/shared/programs.ts";
import type { Single } from "../topologies/single.ts";
import type { Stores } from "../topologies/topology.ts";
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
  /** Every probe reports ready no later than this after the end of the fault. */
  readyWithinMs?: number;
  /** The last authenticated read that fails begins no later than this after the fault begins, or ends. */
  readsFailForMs?: number;
  /** From the first attempt that fails until a probe reports something other than ready. */
  lieWithinMs?: number;
  /** No attempt waits longer for its answer. */
  answerWithinMs?: number;
};

export type FaultFacts = {
  name: string;
  title: string;
  says: string;
  bounds: Bounds;
  /** Requirements of the fault in addition to the programs of its topology. */
  programs?: readonly Program[];
  /** Part of --quick. */
  quick?: boolean;
  /** The fault leaves a new process. */
  replacesProcesses?: boolean;
  /** Injected into the peer, too. */
  comparable?: boolean;
};

export type Fault<S extends Stores = Single> = FaultFacts & {
  /** Time from the injection until the fault is undone; none for a fault that ends by itself. */
  holdMs?: number;
  /** Run just before the injection, to make the effect of the fault clearer. */
  prepare?(world: World<S>): Promise<unknown>;
  /** Resolves when the fault is in effect; for a fault that ends by itself, when it is over. */
  inject(world: World<S>): Promise<unknown>;
  undo?(world: World<S>): Promise<unknown>;
};

/** Health-check interval and timeout at their defaults. */
const intervalMs = 2000;
const timeoutMs = 2000;
export const twoIntervalsMs = 2 * intervalMs;
/** The time until a breaker opens. */
export const breakerMs = 500;
/** Default of DB_STATEMENT_TIMEOUT_MS. */
export const statementLimitMs = 5000;
const slackMs = 500;

/** The bounds of the server for a store that does not work. */
export const storeBounds = {
  lieWithinMs: intervalMs + 2 * timeoutMs + slackMs,
  backWithinMs: twoIntervalsMs,
  readyWithinMs: twoIntervalsMs,
  answerWithinMs: statementLimitMs + slackMs,
} as const satisfies Bounds;
