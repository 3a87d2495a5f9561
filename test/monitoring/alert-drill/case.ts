import type { Stage } from "./stage.ts";

export type Step = {
  /** The section of the runbook whose commands are run. */
  section: string;
  /** The line of the output that leads on. */
  output: RegExp;
  /** A part of the finding that explains this line. */
  finding: string;
};

export type Case = {
  alert: string;
  /** What is broken, for the table. */
  fault: string;
  /** The instance of the alert, for `I`. */
  instance?: string;
  /** Settings of all instances, if they differ from the usual ones. */
  env?: Readonly<Record<string, string>>;
  /** Breaks something, and returns how it is repaired. */
  inject(stage: Stage): Promise<() => Promise<unknown> | unknown>;
  /** How long the alert may take to become pending. */
  withinMs?: number;
  /** The alert is pending before the fault too. */
  pendingBeforeFault?: boolean;
  steps: readonly Step[];
};
