import { setTimeout as sleep } from "node:timers/promises";
import type { Job, JobResult, PgBoss, SendOptions } from "pg-boss";
import { AppError } from "../core/errors/app-error.ts";
import type { Logger } from "../core/logging/logger.ts";
import { createRetryLoop } from "../core/timing/retry-loop.ts";
import { withTimeout } from "../core/timing/stall-tolerant-timeout.ts";
import { jobSchema } from "../db/app-role.ts";
import type { Statements, Transaction } from "../db/pool.ts";
import { createQueueDatabase, inTransaction } from "./queue-database.ts";

export type JobQueueDeps = { db: Statements; logger: Pick<Logger, "warn"> };

/** `data` stays in Postgres while the job waits. It must not contain secrets. */
export type AddedJob = { id: string; data: unknown };

/**
 * The result of an attempt. `output` is stored with the job. A job that is given up, or has been repeated too often, moves
 * to the queue of failed jobs.
 */
export type JobOutcome = { result: "done" | "repeat" | "give_up"; output?: object };

/** The signal is aborted when the job is returned to the queue: at its time limit, or when this instance stops. */
export type JobHandler = (job: AddedJob, signal: AbortSignal) => Promise<JobOutcome>;

/** How often each instance looks for jobs that others have added. Jobs that it has added itself start at once. */
const pollSeconds = 2;
const maxConcurrent = 5;
/** If an instance is killed, its jobs are started again after this time, plus up to a minute until pg-boss checks. */
const expireSeconds = 60;
/** The last of these attempts is made about eight hours after the first. */
const retries = { retryLimit: 20, retryDelay: 5, retryBackoff: true, retryDelayMax: 1800 };

const stopLimitMs = 2000;
/** How long `add` waits for the queue to start. */
const startLimitMs = 3000;

const notAvailable = () =>
  new AppError("unavailable", "The job queue is not available yet. Retry later.", { retryAfterSeconds: 2 });

/**
 * Background jobs in Postgres, by pg-boss. A job is added in the transaction that needs it, every instance works on the
 * queue, and a failed attempt is repeated with growing pauses. pg-boss is loaded at the start of the queue, so that a
 * server without jobs needs no memory for it.
 */
export function createJobQueue({ db, logger }: JobQueueDeps) {
  const handlers = new Map<string, JobHandler>();
  let boss: PgBoss | undefined;
  const started = Promise.withResolvers<PgBoss>();
  let isWorking = true;
  const workerIds = new Map<string, string>();

  const create = async (): Promise<PgBoss> => {
    const created = new (await import("pg-boss")).PgBoss({
      db: createQueueDatabase(db),
      schema: jobSchema,
      migrate: false,
      schedule: false,
      registerInstance: false,
      persistWarnings: false,
      persistQueueStats: false,
      monitorVacuum: false,
      // The database role of the server has no right to rebuild indexes.
      reindex: false,
    });
    // An `AppError` means that Postgres is unavailable. The check of Postgres reports that already.
    created.on("error", (thrown) => {
      const error = asError(thrown);
      if (error.name !== "AppError") logger.warn({ err: error }, "job queue failed; will retry");
    });
    return created;
  };

  const startWorker = async (pgBoss: PgBoss, name: string, handler: JobHandler): Promise<void> => {
    const options = { batchSize: maxConcurrent, pollingIntervalSeconds: pollSeconds, perJobResults: true } as const;
    const id = await pgBoss.work<unknown, unknown, typeof options>(name, options, (jobs) =>
      Promise.all(jobs.map((job) => attempt(job, handler))),
    );
    workerIds.set(name, id);
  };

  const attempt = async (job: Job<unknown>, handler: JobHandler): Promise<JobResult> => {
    const { result, output } = await handler(job, job.signal).catch((error: unknown): JobOutcome => {
      logger.warn({ err: error, job: job.id, queue: job.name }, "job failed; will retry");
      return { result: "repeat" };
    });
    return { id: job.id, status: statusOf[result], ...(output && { output }) };
  };

  const startup = createRetryLoop({
    async attempt() {
      try {
        boss ??= await create();
        await boss.start();
        if (isWorking) for (const [name, handler] of handlers) await startWorker(boss, name, handler);
        started.resolve(boss);
        return true;
      } catch {
        return false;
      }
    },
    onStillFailing: () => logger.warn("starting the job queue failed; will retry"),
  });

  return {
    start: startup.start,
    /** Registers the handler of a queue. Call before `start`. */
    handle: (name: string, handler: JobHandler): void => void handlers.set(name, handler),

    /** Adds a job that exists once the transaction is committed. */
    async add(tx: Transaction, name: string, { id, data }: AddedJob & { data: object }, keptSeconds: number) {
      const running = await withTimeout(startLimitMs, started.promise, notAvailable);
      const options: SendOptions = { id, expireInSeconds: expireSeconds, deleteAfterSeconds: keptSeconds, ...retries };
      await running.send(name, data, { ...options, db: inTransaction(tx) });
      const workerId = workerIds.get(name);
      if (workerId !== undefined) tx.afterCommit(() => running.notifyWorker(workerId));
    },

    /** Starts no further jobs. Those in progress continue. */
    pause(): void {
      isWorking = false;
      for (const name of workerIds.keys()) boss?.offWork(name, { wait: false }).catch(() => undefined);
    },

    /** Waits for jobs in progress, up to a limit. A job that needs longer is started again by another instance. */
    async stop(): Promise<void> {
      startup.stop();
      const stopping = boss?.stop({ graceful: true, timeout: stopLimitMs }).catch(() => undefined);
      await Promise.race([stopping, sleep(2 * stopLimitMs, undefined, { ref: false })]);
    },
  };
}

export type JobQueue = ReturnType<typeof createJobQueue>;

const statusOf = { done: "completed", repeat: "failed", give_up: "deadletter" } as const;

/** pg-boss passes some errors on as plain objects with their message. */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const { message, ...fields }: { message?: unknown } = Object(thrown);
  return Object.assign(new Error(String(message ?? thrown)), fields);
}
