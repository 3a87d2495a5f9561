import { DatabaseError } from "pg";
import { AppError } from "../core/app-error.ts";

/** SQLSTATE classes that speak of the server and not of the statement: connection, resources, operator, system. */
const serverFailureClasses = new Set(["08", "53", "58", "XX"]);
const serverFailureStates = new Set(["57P01", "57P02", "57P03", "57P05", "28000", "28P01", "3D000", "25006"]);
/** The server itself ended a statement at its time limit: it is alive, and the statement was slow. */
const statementTimedOut = "57014";

/** What the driver threw that was no answer of the server: the connection failed, or was silent for too long. */
export class ConnectionFailure extends Error {
  override readonly name = "ConnectionFailure";
}

/** Marks what comes from the driver, so that a fault in our own code never passes for one of the database. */
export function wrapDriverError(error: unknown): never {
  throw error instanceof DatabaseError ? error : new ConnectionFailure("The connection failed.", { cause: error });
}

/** Whether the dependency failed, as opposed to the statement, the caller or our own code and limits. */
export function isDatabaseFailure(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const state = error.code ?? "";
    return serverFailureClasses.has(state.slice(0, 2)) || serverFailureStates.has(state);
  }
  return error instanceof ConnectionFailure;
}

/** Whether the connection is of no more use after this error. What our own code throws leaves it as it was. */
export function breaksConnection(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.severity === "FATAL" || error.severity === "PANIC";
  return error instanceof ConnectionFailure;
}

/** Rolled back by the server for the sake of another transaction, as if it had never been: it can be done again. */
export function isRetryableConflict(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "40P01" || error.code === "40001");
}

export function toDomainError(error: unknown): unknown {
  const tooSlow = error instanceof DatabaseError && error.code === statementTimedOut;
  if (!tooSlow && !isDatabaseFailure(error) && !isRetryableConflict(error)) return error;
  return new AppError("unavailable", "The database cannot answer right now; it is worth another try in a moment.", {
    retryAfterSeconds: 2,
    cause: error,
  });
}

/**
 * The database's own constraint decides, and becomes a domain error where the SQL is:
 * `db.query(insertLease, values).catch(onConstraint("lease_no_overlap", () => overlap(unitId)))`
 */
export function onConstraint(name: string, toError: () => Error): (error: unknown) => never {
  return (error) => {
    if (error instanceof DatabaseError && error.constraint === name) throw toError();
    throw error;
  };
}

/** What other rows still refer to cannot go. */
export function onForeignKeyViolation(toError: () => Error): (error: unknown) => never {
  return (error) => {
    if (error instanceof DatabaseError && error.code === foreignKeyViolation) throw toError();
    throw error;
  };
}

const foreignKeyViolation = "23503";
