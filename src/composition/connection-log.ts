import { type FailureExplanation, failureCode } from "../core/connection-failure.ts";
import { CheckFailed } from "../core/failure-reason.ts";
import type { Logger } from "../core/logger.ts";
import { reasonOf } from "../kit/health/reason.ts";

export type ConnectionLogDeps = {
  logger: Pick<Logger, "warn">;
  store: string;
  explain(error: unknown): FailureExplanation | undefined;
};

/** Logs why connections to a store fail: once for each cause, until a connection succeeds again. */
export function createConnectionLog({ logger, store, explain }: ConnectionLogDeps) {
  let logged: string | undefined;
  return {
    async watch<T>(connect: () => Promise<T>): Promise<T> {
      try {
        const connection = await connect();
        logged = undefined;
        return connection;
      } catch (error) {
        const explained = explain(error);
        if (explained !== undefined && explained.sentence !== logged) {
          logged = explained.sentence;
          const { reason, sentence } = explained;
          logger.warn({ code: failureCode(error), reason, detail: sentence }, `connection to ${store} failed`);
        }
        // The health check derives a reason from the error code. If the explanation differs, it is more precise.
        throw explained === undefined || reasonOf(error) === explained.reason
          ? error
          : new CheckFailed(explained.reason, { cause: error });
      }
    },
  };
}
