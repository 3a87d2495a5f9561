import type { JudgedCapability } from "../health/judge.ts";
import type { Snapshot } from "../health/snapshot.ts";

export type ChangeNotifierDeps = {
  /**
   * Every result of this check, even an unchanged one, sends a heartbeat, so that there is one heartbeat per interval.
   */
  pacingCheck: string;
  /** Checks that the instances vote on. */
  shared: ReadonlySet<string>;
  notify(): void;
};

/** Requests a heartbeat for each result of one check, and for each change that can alter the vote of another instance. */
export function createChangeNotifier({
  pacingCheck,
  shared,
  notify,
}: ChangeNotifierDeps): (snapshot: Snapshot) => void {
  let previous = "";
  return ({ phase, status, capabilities }) => {
    const summaries = capabilities
      .filter(({ name }) => shared.has(name))
      .map((check) => summarize(check, check.name === pacingCheck));
    const current = JSON.stringify([phase, status, summaries]);
    if (current === previous) return;
    previous = current;
    notify();
  };
}

const summarize = (check: JudgedCapability, withResultTimes: boolean) => [
  check.status,
  check.consecutiveFailures > 0,
  withResultTimes && [check.lastSuccessAt, check.lastFailureAt],
];
