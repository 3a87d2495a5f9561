import { Worker } from "node:worker_threads";
import { encodeBatch } from "./batch.ts";
import type { RecordedTrace } from "./recorded-trace.ts";
import type { FromWorker, ToWorker, WorkerData } from "./worker-messages.ts";

export type TraceExporterDeps = {
  /** The `OTEL_…` settings of the exporter, and nothing else of this process. */
  environment: Readonly<Record<string, string>>;
  resource: WorkerData;
  logger: { warn(facts: object, message: string): void; info(facts: object, message: string): void };
};

export type SpanCounts = { exported: number; failed: number; dropped: number };

const batchSpans = 512;
const flushEveryMs = 1000;
/** Spans that wait for the endpoint. Further spans are dropped, so that a slow endpoint cannot fill the memory. */
const maxPendingSpans = 16_384;
const restartAfterMs = 10_000;
const maxWorkerHeapMb = 96;

/** Has the extension of this file, `.ts` or `.js`, because the compiler rewrites the extensions of imports only. */
const workerFile = new URL(`./export-worker${import.meta.url.slice(-3)}`, import.meta.url);

/**
 * Exports spans from a worker thread, so that encoding, slow networks and a hanging endpoint do not delay requests. Spans
 * that cannot be exported are counted, and are lost.
 */
export function createTraceExporter({ environment, resource, logger }: TraceExporterDeps) {
  const counts: SpanCounts = { exported: 0, failed: 0, dropped: 0 };
  const onIdle = new Set<() => void>();
  let waiting: RecordedTrace[] = [];
  let waitingSpans = 0;
  let pending = 0;
  let worker: Worker | undefined;
  let startedAt = Number.NEGATIVE_INFINITY;
  let isFailing = false;

  const report = (isExported: boolean, code: string | undefined) => {
    if (isExported !== isFailing) return;
    isFailing = !isExported;
    if (isExported) logger.info({}, "traces are exported again");
    else logger.warn({ code }, "exporting traces failed; they are lost until the endpoint accepts them");
  };

  const settle = (kind: FromWorker["kind"], count: number, code?: string) => {
    pending -= count;
    counts[kind] += count;
    report(kind === "exported", code);
    if (pending > 0) return;
    for (const resolve of onIdle) resolve();
    onIdle.clear();
  };

  const startWorker = (): Worker => {
    startedAt = performance.now();
    const started = new Worker(workerFile, {
      env: { ...environment },
      workerData: resource,
      resourceLimits: { maxOldGenerationSizeMb: maxWorkerHeapMb },
    });
    started.unref();
    started.on("message", ({ kind, count, code }: FromWorker) => settle(kind, count, code));
    started.on("error", (error: Error & { code?: string }) => {
      worker = undefined;
      if (pending > 0) settle("failed", pending, error.code ?? error.name);
    });
    return started;
  };

  const flush = () => {
    if (waiting.length === 0) return;
    if (worker === undefined && performance.now() - startedAt > restartAfterMs) worker = startWorker();
    const traces = waiting;
    const count = waitingSpans;
    waiting = [];
    waitingSpans = 0;
    if (worker === undefined) {
      counts.dropped += count;
      return;
    }
    pending += count;
    worker.postMessage({ batch: encodeBatch(traces), count } satisfies ToWorker);
  };
  const timer = setInterval(flush, flushEveryMs);
  timer.unref();

  return {
    add(trace: RecordedTrace): void {
      const spans = trace.spans.length + 1;
      if (pending + waitingSpans + spans > maxPendingSpans) {
        counts.dropped += spans;
        return;
      }
      waiting.push(trace);
      waitingSpans += spans;
      if (waitingSpans >= batchSpans) flush();
    },
    counts: (): Readonly<SpanCounts> => counts,
    pending: (): number => pending + waitingSpans,
    /** Exports the waiting spans, for at most `limitMs`, and ends the worker. */
    async close(limitMs: number): Promise<void> {
      clearInterval(timer);
      flush();
      if (pending > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const limit = setTimeout(resolve, limitMs);
        onIdle.add(resolve);
        await promise;
        clearTimeout(limit);
      }
      await worker?.terminate();
      worker = undefined;
    },
  };
}

export type TraceExporter = ReturnType<typeof createTraceExporter>;
