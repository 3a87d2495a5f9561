import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../core/logging/logger.ts";
import { type MigrateOptions, migrate } from "./migrate.ts";
import { MigrationError } from "./migration-files.ts";

const retryPauseMs = 1000;

/** Migrates the database when the server starts outside production, and retries until the database answers. */
export function migrateWithRetries(
  options: MigrateOptions,
  logger: Pick<Logger, "info" | "warn" | "error">,
  onMigrated: () => Promise<void>,
) {
  const stopped = new AbortController();
  const firstAttempt = Promise.withResolvers<unknown>();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        const applied = await migrate({
          ...options,
          signal: stopped.signal,
          onProgress: (detail) => logger.warn({ detail }, "migration is waiting for a lock"),
        });
        if (applied.length > 0) logger.info({ applied }, "migrated");
        firstAttempt.resolve(undefined);
        await onMigrated();
        return;
      } catch (error) {
        firstAttempt.resolve(error);
        if (stopped.signal.aborted) return;
        if (error instanceof MigrationError) {
          logger.error({ err: error, detail: error.message }, "migration failed");
          return;
        }
        await sleep(retryPauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      }
    }
  };
  const done = run();
  return {
    /** Resolves after the first attempt, with its error if it failed. */
    firstTry: firstAttempt.promise,
    /** Resolves when the migrations have been applied and `onMigrated` has ended, or when a migration failed. */
    done,
    stop: () => stopped.abort(),
  };
}
