import type { ProxyName, ServerName } from "./arguments.ts";
import type { FaultFacts } from "./faults/fault.ts";
import type { Balance } from "./load/ledger.ts";
import type { Facts, Observed } from "./measure.ts";
import type { Resources } from "./world/resources.ts";

export type Verdict = {
  what: string;
  met: boolean;
  /** A miss sets exit code 1. Never set for a bound that a slow machine can miss. */
  strict: boolean;
};

/** The figures of one fault, as they are kept beside the report. */
export type Outcome = {
  proxy: ProxyName;
  server: ServerName;
  fault: string;
  facts: Facts;
  resources?: Resources;
  commit: string;
};

/** The figures and the data of the plot. */
export type Measured = { fault: FaultFacts; outcome: Outcome; observed: Observed };

/** One topology behind one proxy, at the end. */
export type WorldEnd = {
  proxy: ProxyName;
  server: ServerName;
  topology: string;
  /** The balance of all writes. */
  balance: Balance;
  /** At rest, before and after all faults that keep the processes. Only where all of them were injected. */
  atRest?: { before: Resources; after: Resources };
};

export type Results = { outcomes: readonly Outcome[]; ends: readonly WorldEnd[] };

/** Newer figures replace the older ones of the same fault. */
export function mergeResults(older: Results, newer: Results): Results {
  const keyOf = ({ proxy, server, fault }: Outcome) => `${proxy} ${server} ${fault}`;
  const endOf = ({ proxy, server, topology }: WorldEnd) => `${proxy} ${server} ${topology}`;
  return {
    outcomes: merge(older.outcomes, newer.outcomes, keyOf),
    ends: merge(older.ends, newer.ends, endOf),
  };
}

function merge<T>(older: readonly T[], newer: readonly T[], keyOf: (one: T) => string): readonly T[] {
  return [...new Map([...older, ...newer].map((one) => [keyOf(one), one])).values()];
}
