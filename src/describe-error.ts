import { ConfigError } from "./config/setting-problems.ts";
import { AppError } from "./core/errors/app-error.ts";
import { failureCode } from "./core/errors/connection-failure.ts";
import { StartError } from "./core/errors/start-error.ts";
import { explainPostgresFailure } from "./db/connect/explain-failure.ts";
import { MigrationError } from "./db/migrate/migration-files.ts";

/** Returns what a command prints when it fails: sentences for the operator, without a stack. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError) {
    const lines = error.problems.map(({ variable, message }) => `  ${variable} ${message}\n`);
    return `Invalid settings:\n${lines.join("")}`;
  }
  if (error instanceof StartError || error instanceof MigrationError) return `${error.message}\n`;
  const code = failureCode(error) ?? "";
  const explained = explainPostgresFailure(error);
  if (explained !== undefined) return `${explained.sentence}${code && ` (${code})`}\n`;
  if (error instanceof AppError) return `${error.message}\n`;
  return `The command failed: ${error instanceof Error ? `${error.name} ${code}`.trim() : "unknown error"}.\n`;
}
