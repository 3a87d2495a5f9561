import type { Change } from "../kit/health/history.ts";
import type { Recording } from "./take-capture.ts";

export type Capture = Recording & { id: number; at: number; check: string; reason: string | null };

export type EvidenceDeps = {
  now(): number;
  record(): Promise<Recording>;
  onError(error: unknown): void;
};

/** The checks that trigger a capture. Checks of a store do not, because a profile does not show why a store fails. */
const processChecks = new Set(["event-loop", "memory"]);
const maxCaptures = 4;
const minPauseMs = 60_000;
const maxBytes = 16 * 1024 * 1024;

/** Captures the latest failures of the process, because a failure is often over before an operator investigates it. */
export function createEvidence({ now, record, onError }: EvidenceDeps) {
  const captures: Capture[] = [];
  let lastId = 0;
  let lastStartedAt = Number.NEGATIVE_INFINITY;

  const capture = async (check: string, reason: string | null): Promise<void> => {
    const at = now();
    if (at - lastStartedAt < minPauseMs) return;
    lastStartedAt = at;
    const recording = await record();
    if (recording.profile.length + recording.report.length > maxBytes) return;
    lastId += 1;
    captures.push({ ...recording, id: lastId, at, check, reason });
    if (captures.length > maxCaptures) captures.shift();
  };

  return {
    onChange({ kind, name, to, reason }: Pick<Change, "kind" | "name" | "to" | "reason">): void {
      if (kind !== "check" || to !== "down" || !processChecks.has(name)) return;
      capture(name, reason).catch(onError);
    },
    all: (): readonly Capture[] => captures,
  };
}

export type Evidence = ReturnType<typeof createEvidence>;
