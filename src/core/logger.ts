import { type DestinationStream, type Level, type Logger, pino } from "pino";
import { createBatchedWriter } from "./batched-writer.ts";
import { redactError } from "./redact-error.ts";

export type { Logger } from "pino";

export type LogLevel = Level | "silent";

/** `flush` waits until what was logged is written, or until it is clear that nobody reads it. */
export type LogSink = { logger: Logger; flush(): Promise<void>; droppedLines(): number };

const flushEveryMs = 200;
const flushLimitMs = 500;
const mostWaitingBytes = 8 * 1024 * 1024;

/**
 * One JSON line an event, written in batches off the request's path; errors are reduced to facts, so that no driver
 * message reaches the log. Nothing is ever written synchronously: a reader that is gone or stuck must not stop the
 * server, nor its end. (pino's own destination measures all that waits again with every line, which cost a busy
 * server a third of its requests.)
 */
export function createLogger(options: { level: LogLevel; instance: string; version: string }): LogSink {
  const writer = createBatchedWriter({ fd: 1, batchBytes: 65_536, mostBytes: mostWaitingBytes });
  setInterval(writer.flush, flushEveryMs).unref();
  return {
    logger: createLoggerOn(writer, options),
    flush: () => writer.drain(flushLimitMs),
    droppedLines: writer.droppedLines,
  };
}

export function createLoggerOn(
  stream: DestinationStream,
  { level, instance, version }: { level: LogLevel; instance: string; version: string },
): Logger {
  return pino(
    {
      level,
      base: { service: "haven-api", instance, version },
      timestamp: timeField,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => redactError(error) },
    },
    stream,
  );
}

let lastMs = 0;
let lastField = "";

/** A busy server writes many lines in one millisecond; the text of the time is made once for them. */
function timeField(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastField = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastField;
}
