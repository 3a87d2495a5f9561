/** From the server to the worker: the JSON text of spans. */
export type ToWorker = { spans: string; count: number };

/** From the worker: the outcome of one export, with the code of its error. */
export type FromWorker = { kind: "exported" | "failed"; count: number; code?: string };

export type WorkerData = { service: string; version: string; instance: string; environment: string };
