import { type FailureExplanation, failureCode } from "../../core/errors/connection-failure.ts";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Logger } from "../../core/logging/logger.ts";
import { reasonOf } from "../../kit/health/reason.ts";

export type ConnectionLogDeps = {
  logger: Pick<Logger, "warn">;
  store: string;
  explain(error: unknown): FailureExplanation | undefined;
};

/** Logs why connections to a store fail. Consecutive failures with the same cause are logged once. */
export function createConnectionLog({ logger, store, explain }: ConnectionLogDeps) {
  let lastLoggedSentence: string | undefined;
  return {
    async watch<T>(connect: () => Promise<T>): Promise<T> {
      try {
        const connection = await connect();
        lastLoggedSentence = undefined;
        return connection;
      } catch (error) {
        const explanation = explain(error);
        if (explanation !== undefined && explanation.sentence !== lastLoggedSentence) {
          lastLoggedSentence = explanation.sentence;
          const { reason, sentence } = explanation;
          logger.warn({ code: failureCode(error), reason, detail: sentence }, `connection to ${store} failed`);
        }
        // The health check derives a reason from the error code. If the explanation differs, it is more precise.
        throw explanation === undefined || reasonOf(error) === explanation.reason
          ? error
          : new CheckFailed(explanation.reason, { cause: error });
      }
    },
  };
}
