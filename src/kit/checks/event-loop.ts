import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { measureEventLoop } from "../health/event-loop.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The options of `eventLoopCheck`.
 * @example const options: EventLoopCheckOptions = { maxDelayMs: 200 };
 */
export type EventLoopCheckOptions = CheckOptions & {
  /** The check fails if the mean delay in a sample of 250 ms is longer than this; 100 unless set. */
  maxDelayMs?: number;
  /** Replaces `maxDelayMs` in an app that measures its event loop itself. */
  isSaturated?: () => boolean;
};

/**
 * Fails while the event loop is saturated. Not critical unless set: without this instance, the others would get its
 * load and be saturated, too.
 * @example createHealth({ service: "orders", checks: [eventLoopCheck({ maxDelayMs: 200 })] });
 */
export function eventLoopCheck(options: EventLoopCheckOptions = {}): Check {
  const { name = "event-loop", critical = false, maxDelayMs = 100 } = options;
  const loop = options.isSaturated === undefined ? measureEventLoop() : undefined;
  const isSaturated = options.isSaturated ?? (() => (loop?.latest().delayMs ?? 0) > maxDelayMs);
  return {
    name,
    ...withDefaults({ ...options, critical }),
    async run() {
      if (isSaturated()) throw new CheckFailed("over_limit");
    },
    close: () => loop?.stop(),
  };
}
