import type { Stage } from "./stage.ts";

export type Step = {
  /** The section of the runbook whose commands are run. */
  section: string;
  /** Matches the line of the output that leads to the finding. */
  output: RegExp;
  /** A part of the finding in the runbook that explains this line. */
  finding: string;
};

export type Case = {
  alert: string;
  /** What is broken, as a cell of the table of results. */
  fault: string;
  /** The instance that the alert names: the variable `I` in the commands of the runbook. */
  instance?: string;
  /** Settings of all instances, if they differ from the usual ones. */
  env?: Readonly<Record<string, string>>;
  /** Injects the fault, and returns a function that repairs it. */
  inject(stage: Stage): Promise<() => Promise<unknown> | unknown>;
  /** How long the alert may take to become pending. */
  withinMs?: number;
  /** Set if the alert is already pending before the fault. */
  pendingBeforeFault?: boolean;
  steps: readonly Step[];
};
