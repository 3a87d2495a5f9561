import { AppError } from "../core/errors/app-error.ts";

/** The part of the logger that this module changes. */
export type LeveledLogger = {
  level: string;
  isLevelEnabled(level: string): boolean;
  warn(facts: object, message: string): void;
};

const levels = ["trace", "debug", "info", "warn", "error", "fatal"];
const maxMinutes = 60;
const defaultMinutes = 10;

/** Changes the level of the log for a limited time, after which the configured level applies again. */
export function createLogLevel(logger: LeveledLogger, now: () => number) {
  const configured = logger.level;
  let scheduledReset: { timer: NodeJS.Timeout; at: number } | undefined;

  const reset = () => {
    clearTimeout(scheduledReset?.timer);
    scheduledReset = undefined;
    logger.level = configured;
  };

  return {
    current: () => ({
      level: logger.level,
      configured,
      until: scheduledReset === undefined ? null : new Date(scheduledReset.at).toISOString(),
    }),
    set(level: string | null, minutes: string | null): void {
      if (level === null || !levels.includes(level))
        throw new AppError("bad_request", `The query parameter level is required: one of ${levels.join(", ")}.`);
      const duration = minutes === null ? defaultMinutes : Number(minutes);
      if (!(duration > 0 && duration <= maxMinutes))
        throw new AppError("bad_request", `minutes must be more than 0 and at most ${maxMinutes}.`);
      reset();
      const timer = setTimeout(reset, duration * 60_000);
      timer.unref();
      scheduledReset = { timer, at: now() + duration * 60_000 };
      // At this level the message is written, even if the old or the new level hides warnings.
      logger.level = levels.indexOf(level) < levels.indexOf("warn") ? level : "warn";
      logger.warn({ level, configured, minutes: duration }, "log level changed by an operator");
      logger.level = level;
    },
    reset,
  };
}

export type LogLevel = ReturnType<typeof createLogLevel>;
