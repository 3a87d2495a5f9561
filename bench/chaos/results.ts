import type { ProxyName, ServerName } from "./arguments.ts";
import type { FaultFacts } from "./faults/fault.ts";
import type { Balance } from "./load/ledger.ts";
import type { Facts, Observed } from "./measure.ts";
import type { Resources } from "./testbed/resources.ts";

export type Verdict = {
  what: string;
  met: boolean;
  /** A missed strict bound sets exit code 1. Bounds that a slow machine can miss are not strict. */
  strict: boolean;
};

/** The figures of one fault, which are stored in a file beside the report. */
export type Outcome = {
  proxy: ProxyName;
  server: ServerName;
  fault: string;
  facts: Facts;
  resources?: Resources;
  commit: string;
};

/** The figures of one fault, and the records from which they were computed. */
export type Measured = { fault: FaultFacts; outcome: Outcome; observed: Observed };

/** The result of all faults of one topology, behind one proxy. */
export type TopologyResult = {
  proxy: ProxyName;
  server: ServerName;
  topology: string;
  /** The balance of all writes. */
  balance: Balance;
  /** The resources of idle instances before and after the faults that keep the processes; only after a complete run. */
  idleResources?: { before: Resources; after: Resources };
};

export type Results = { outcomes: readonly Outcome[]; topologies: readonly TopologyResult[] };

/** Merges results. Newer figures replace the older ones of the same fault. */
export function mergeResults(older: Results, newer: Results): Results {
  const outcomeKeyOf = ({ proxy, server, fault }: Outcome) => `${proxy} ${server} ${fault}`;
  const resultKeyOf = ({ proxy, server, topology }: TopologyResult) => `${proxy} ${server} ${topology}`;
  return {
    outcomes: merge(older.outcomes, newer.outcomes, outcomeKeyOf),
    topologies: merge(older.topologies, newer.topologies, resultKeyOf),
  };
}

function merge<T>(older: readonly T[], newer: readonly T[], keyOf: (one: T) => string): readonly T[] {
  return [...new Map([...older, ...newer].map((one) => [keyOf(one), one])).values()];
}
