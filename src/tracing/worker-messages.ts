/** From the server to the worker: a batch of traces as text, and the number of its spans. */
export type ToWorker = { batch: string; count: number };

/** From the worker: the outcome of one export, with the code of its error. */
export type FromWorker = { kind: "exported" | "failed"; count: number; code?: string };

export type WorkerData = { service: string; version: string; instance: string; environment: string };
