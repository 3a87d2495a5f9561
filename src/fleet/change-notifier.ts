import type { JudgedCheck } from "../kit/health/judge.ts";
import type { Snapshot } from "../kit/health/snapshot.ts";

export type ChangeNotifierDeps = {
  /** The check whose every result is told: one is enough, and keeps it to one round an interval. */
  pace: string;
  shared: ReadonlySet<string>;
  tell(): void;
};

/** Tells the fleet of each result of one check, and at once of what the others would decide differently by. */
export function createChangeNotifier({ pace, shared, tell }: ChangeNotifierDeps): (snapshot: Snapshot) => void {
  let before = "";
  return ({ phase, status, checks }) => {
    const stands = checks.filter(({ name }) => shared.has(name)).map((check) => standOf(check, check.name === pace));
    const now = JSON.stringify([phase, status, stands]);
    if (now === before) return;
    before = now;
    tell();
  };
}

const standOf = (check: JudgedCheck, everyResult: boolean) => [
  check.status,
  check.consecutiveFailures > 0,
  everyResult && [check.lastSuccessAt, check.lastFailureAt],
];
