import { type DestinationStream, type Level, type Logger, pino } from "pino";
import { createBatchedWriter } from "../batched-writer.ts";
import { redactError } from "../errors/redact-error.ts";
import { activeSpan } from "../tracer.ts";
import { formatLogLine } from "./log-format.ts";
import { createRecentLines } from "./recent-lines.ts";

export type { Logger } from "pino";

export type LogLevel = Level | "silent";

/** `flush` resolves when all lines are written, or after a time limit if the reader is stuck. */
export type LogSink = {
  logger: Logger;
  flush(): Promise<void>;
  droppedLines(): number;
  recentLines(): readonly string[];
};

export type LoggerOptions = {
  level: LogLevel;
  instance: string;
  version: string;
  /** Prints lines for people instead of JSON. */
  terminal?: { colour: boolean } | undefined;
  /** Adds the ids of the current trace to each line. */
  traced?: boolean;
};

const flushEveryMs = 200;
const flushTimeoutMs = 500;
const maxRecentLines = 500;
const maxQueuedBytes = 8 * 1024 * 1024;

/**
 * Writes one JSON line for each event, in batches and never synchronously: a closed or stuck reader must not block
 * requests or the shutdown. Errors are redacted, so that no message of a driver is logged. (pino's own destination
 * measures the whole queue again for every line, which cost a busy server a third of its throughput.)
 */
export function createLogger(options: LoggerOptions): LogSink {
  const writer = createBatchedWriter({ fd: 1, batchBytes: 65_536, maxQueuedBytes: maxQueuedBytes });
  const { terminal } = options;
  const recent = createRecentLines(maxRecentLines);
  const stream: DestinationStream = {
    write(line) {
      recent.add(line);
      writer.write(terminal === undefined ? line : `${formatLogLine(line.trimEnd(), terminal)}\n`);
    },
  };
  const logger = createLoggerOn(stream, options);
  let reportedDrops = 0;
  setInterval(() => {
    writer.flush();
    const dropped = writer.droppedLines();
    if (dropped === reportedDrops || !writer.hasRoom()) return;
    logger.warn({ dropped: dropped - reportedDrops }, "log lines were dropped, because the output was not read");
    reportedDrops = dropped;
  }, flushEveryMs).unref();
  return {
    logger,
    flush: () => writer.drain(flushTimeoutMs),
    droppedLines: writer.droppedLines,
    recentLines: recent.all,
  };
}

export function createLoggerOn(
  stream: DestinationStream,
  { level, instance, version, traced = false }: LoggerOptions,
): Logger {
  return pino(
    {
      level,
      base: { service: "haven-api", instance, version },
      timestamp: timeField,
      ...(traced && { mixin: traceFields, mixinMergeStrategy: mergeTraceFields }),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => redactError(error) },
    },
    stream,
  );
}

const noFields = {};

/** Returns the ids of the current span, so that each line of a request names its trace. The access log adds them itself. */
function traceFields(line: object): object {
  const span = "traceId" in line ? undefined : activeSpan.getStore();
  return span === undefined ? noFields : { traceId: span.traceId, spanId: span.spanId };
}

/** Avoids the copy that pino makes of each line by default. */
const mergeTraceFields = (line: object, fields: object): object =>
  fields === noFields ? line : Object.assign(fields, line);

let lastMs = 0;
let lastField = "";

/** A busy server writes many lines in one millisecond, so the formatted time is cached. */
function timeField(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastField = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastField;
}
