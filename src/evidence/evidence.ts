import type { Change } from "../kit/health/history.ts";
import type { Recording } from "./take-capture.ts";

export type Capture = Recording & { id: number; at: number; check: string; reason: string | null };

export type EvidenceDeps = {
  now(): number;
  record(): Promise<Recording>;
  onError(error: unknown): void;
};

/** Checks of the process itself. Those of a store fail for reasons that a profile does not show. */
const processChecks = new Set(["event-loop", "memory"]);
const maxCaptures = 4;
const minPauseMs = 60_000;
const maxBytes = 16 * 1024 * 1024;

/** Keeps profile and report of the latest failures of the process, because a fault is often over before an operator looks. */
export function createEvidence({ now, record, onError }: EvidenceDeps) {
  const captures: Capture[] = [];
  let count = 0;
  let startedAt = Number.NEGATIVE_INFINITY;

  const capture = async (check: string, reason: string | null): Promise<void> => {
    const at = now();
    if (at - startedAt < minPauseMs) return;
    startedAt = at;
    const recording = await record();
    if (recording.profile.length + recording.report.length > maxBytes) return;
    count += 1;
    captures.push({ ...recording, id: count, at, check, reason });
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
