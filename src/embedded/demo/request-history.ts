import { uuidv7 } from "../../core/ids.ts";
import type { problems } from "./rows.ts";

const statuses = ["open", "in_progress", "resolved", "closed"] as const;

type HistoryOptions = {
  unitId: unknown;
  problem: (typeof problems)[number];
  beganMs: number;
  /** The number of changes of its status since then. */
  changes: number;
  nowMs: number;
};

/** Returns the row of a maintenance request, and its events: `created`, then one for each change of its status. */
export function historyOf({
  unitId,
  problem: [title, description, priority],
  beganMs,
  changes,
  nowMs,
}: HistoryOptions) {
  const last = Math.min(statuses.length - 1, changes);
  const id = uuidv7(beganMs);
  const at = (step: number) => new Date(Math.min(beganMs + step * 20 * 3_600_000, nowMs - (4 - step) * 60_000));
  const states = statuses.slice(0, last + 1).map((status, step) => ({
    id,
    unitId,
    title,
    description,
    priority,
    status,
    createdAt: at(0),
    updatedAt: at(step),
  }));
  const events = states.map((request, step) => ({
    id: uuidv7(request.updatedAt.getTime()),
    request_id: id,
    unit_id: unitId,
    type: step === 0 ? "created" : "status_changed",
    data: step === 0 ? { request } : { request, changes: { status: { from: statuses[step - 1], to: request.status } } },
    created_at: request.updatedAt,
  }));
  const status = statuses[last] ?? "open";
  const row = { id, unit_id: unitId, title, description, priority, status, created_at: at(0), updated_at: at(last) };
  return { row, events };
}
