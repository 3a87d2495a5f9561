import type { JudgedCheck } from "../kit/health/judge.ts";
import type { Snapshot } from "../kit/health/snapshot.ts";

export type ChangeNotifierDeps = {
  /** The check of which every result is reported, changed or not. One check keeps this to one heartbeat an interval. */
  everyResultOf: string;
  /** Checks that the instances vote on. */
  shared: ReadonlySet<string>;
  notify(): void;
};

/** Requests a heartbeat for each result of one check, and for each change that can alter the vote of another instance. */
export function createChangeNotifier({
  everyResultOf,
  shared,
  notify,
}: ChangeNotifierDeps): (snapshot: Snapshot) => void {
  let previous = "";
  return ({ phase, status, checks }) => {
    const summaries = checks
      .filter(({ name }) => shared.has(name))
      .map((check) => summarize(check, check.name === everyResultOf));
    const current = JSON.stringify([phase, status, summaries]);
    if (current === previous) return;
    previous = current;
    notify();
  };
}

const summarize = (check: JudgedCheck, withEveryResult: boolean) => [
  check.status,
  check.consecutiveFailures > 0,
  withEveryResult && [check.lastSuccessAt, check.lastFailureAt],
];
