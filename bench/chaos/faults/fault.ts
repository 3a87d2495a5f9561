import type { Program } from "../../../test/shared/programs.ts";
import type { Testbed } from "../testbed/testbed.ts";
import type { Single } from "../topologies/single.ts";
import type { Stores } from "../topologies/topology.ts";

/** The bounds of a fault. The report states whether each was met, with the measured value. */
export type Bounds = {
  /** Every request succeeds, possibly after retries. */
  noRequestFails?: boolean;
  /** Every attempt succeeds, so no request needs a retry. */
  noAttemptFails?: boolean;
  /** When an instance is killed, only the attempts that it was processing fail. */
  onlyInFlightFails?: boolean;
  /** The maximum time from the end of the fault to the start of the last attempt that fails. */
  recoveredWithinMs?: number;
  /** The maximum time from the end of the fault until every probe reports ready. */
  readyWithinMs?: number;
  /** The maximum time for which authenticated reads fail, both after the start and after the end of the fault. */
  readsFailForMs?: number;
  /** The maximum time from the first failed attempt of a user until a probe reports something other than `ready`. */
  falseReadyWithinMs?: number;
  /** The maximum time that one attempt waits for its answer. */
  answerWithinMs?: number;
};

/** A result that the fault checks itself, such as the number of lost writes. A finding that is not met counts as a missed strict bound. */
export type Finding = { what: string; met: boolean };

export type FaultFacts = {
  name: string;
  title: string;
  description: string;
  bounds: Bounds;
  /** The programs that the fault needs in addition to those of its topology. */
  programs?: readonly Program[];
  /** The fault is part of a run with --quick. */
  quick?: boolean;
  /** After the fault, an instance is a new process, so its resources cannot be compared with those before. */
  replacesProcesses?: boolean;
  /** The fault is also injected into the comparison server (`--server peer`). */
  alsoOnPeer?: boolean;
};

export type Fault<S extends Stores = Single> = FaultFacts & {
  /** The time from `inject` to `undo`; absent for a fault that ends by itself. */
  holdMs?: number;
  /** Runs just before the injection, to make the effect of the fault clearer. */
  prepare?(testbed: Testbed<S>): Promise<unknown>;
  /** Resolves when the fault is in effect. For a fault that ends by itself, resolves when it has ended. */
  inject(testbed: Testbed<S>): Promise<unknown>;
  undo?(testbed: Testbed<S>): Promise<unknown>;
  /** Runs after the instances are healthy again. */
  findings?(testbed: Testbed<S>): Promise<readonly Finding[]>;
};

/** The defaults of HEALTH_CHECK_INTERVAL and HEALTH_CHECK_TIMEOUT. */
const intervalMs = 2000;
const timeoutMs = 2000;
export const twoIntervalsMs = 2 * intervalMs;
/** The maximum time until a breaker opens. */
export const breakerMs = 500;
/** The default of DB_STATEMENT_TIMEOUT_MS. */
export const statementLimitMs = 5000;
const slackMs = 500;

/** The bounds while a store is down, or answers but does not work. */
export const storeBounds = {
  falseReadyWithinMs: intervalMs + 2 * timeoutMs + slackMs,
  recoveredWithinMs: twoIntervalsMs,
  readyWithinMs: twoIntervalsMs,
  answerWithinMs: statementLimitMs + slackMs,
} as const satisfies Bounds;
