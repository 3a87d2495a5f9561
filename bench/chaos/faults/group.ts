import type { Program } from "../../../test/shared/programs.ts";
import { runFaults, type Session } from "../run.ts";
import type { Stores, Topology } from "../topologies/topology.ts";
import type { Fault, FaultFacts } from "./fault.ts";

/** The faults of one topology. */
export type FaultGroup = {
  topology: string;
  programs: readonly Program[];
  faults: readonly FaultFacts[];
  run(session: Session, names: ReadonlySet<string>): Promise<void>;
};

export const groupOf = <S extends Stores>(topology: Topology<S>, faults: readonly Fault<S>[]): FaultGroup => ({
  topology: topology.name,
  programs: topology.programs,
  faults,
  async run(session, names) {
    await runFaults(
      session,
      topology,
      faults.filter(({ name }) => names.has(name)),
    );
  },
});
