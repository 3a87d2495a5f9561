import type { ProxyName } from "./arguments.ts";
import type { Fault } from "./faults/fault.ts";
import type { Balance } from "./load/ledger.ts";
import type { Facts, Observed } from "./measure.ts";
import type { Resources } from "./world/resources.ts";

export type Verdict = {
  what: string;
  met: boolean;
  /** A miss sets exit code 1. Never set for a bound that a slow machine can miss. */
  strict: boolean;
};

export type Outcome = {
  fault: Fault;
  observed: Observed;
  facts: Facts;
  verdicts: readonly Verdict[];
  resources: Resources;
};

export type ProxyRun = {
  proxy: ProxyName;
  outcomes: readonly Outcome[];
  /** At rest, before and after all faults that keep the processes. Not with --quick. */
  atRest?: { before: Resources; after: Resources };
  /** Of all writes of the run, at its end. */
  balance: Balance;
};
