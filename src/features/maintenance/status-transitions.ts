export const statuses = ["open", "in_progress", "resolved", "closed"] as const;
export type RequestStatus = (typeof statuses)[number];

const allowedTransitions: Readonly<Record<RequestStatus, readonly RequestStatus[]>> = {
  open: ["in_progress"],
  in_progress: ["resolved", "open"],
  resolved: ["closed", "open"],
  closed: ["open"],
};

/** Keeping the status is always allowed. */
export const canTransition = (from: RequestStatus, to: RequestStatus): boolean =>
  from === to || allowedTransitions[from].includes(to);

export const transitionsFrom = (from: RequestStatus): readonly RequestStatus[] => allowedTransitions[from];
