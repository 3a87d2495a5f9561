import { DatabaseError } from "pg";
import { AppError } from "../core/errors/app-error.ts";

/** SQLSTATE classes that report a fault of the server, not of the statement: connection, resources, system, internal. */
const serverFailureClasses = new Set(["08", "53", "58", "XX"]);
const serverFailureStates = new Set(["57P01", "57P02", "57P03", "57P05", "28000", "28P01", "3D000", "25006"]);
/** A time limit, a lock time-out, a missing right, or a missing table: the cause may be the statement or the server. */
const ambiguousStates = new Set(["57014", "55P03", "42501", "42P01"]);
/** Postgres refuses writes and may still answer reads: it is read-only, or its disk is full. */
const refusedWriteStates = new Set(["25006", "53100"]);

/** The connection failed or timed out: the driver reports an error that is not a reply of the server. */
export class ConnectionFailure extends Error {
  override readonly name = "ConnectionFailure";
  /** Whether a change was sent whose result is unknown. The change may be in effect, or take effect later. */
  readonly mayHaveCommitted: boolean;

  constructor(
    message: string,
    { mayHaveCommitted = false, ...options }: ErrorOptions & { mayHaveCommitted?: boolean },
  ) {
    super(message, options);
    this.mayHaveCommitted = mayHaveCommitted;
  }
}

/** Marks errors of the driver, so that a bug in the application does not count as a failure of the database. */
export function wrapDriverError(error: unknown): never {
  throw error instanceof DatabaseError ? error : new ConnectionFailure("The connection failed.", { cause: error });
}

/**
 * Rethrows an error of a statement that commits. If Postgres sent no reply, or ended the connection, the result of the
 * statement is unknown.
 */
export function throwUnconfirmed(error: unknown): never {
  const isUnknown =
    error instanceof ConnectionFailure || (error instanceof DatabaseError && error.severity !== "ERROR");
  if (!isUnknown) throw error;
  throw new ConnectionFailure("The connection failed during a commit.", { cause: error, mayHaveCommitted: true });
}

/** Returns whether the database failed, as opposed to the statement, the caller, or the limits of this instance. */
export function isDatabaseFailure(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const state = error.code ?? "";
    // FATAL: Postgres refuses or ends the connection. With 25P03, an idle transaction of the application is the cause.
    if (error.severity === "FATAL" && state !== "25P03") return true;
    return serverFailureClasses.has(state.slice(0, 2)) || serverFailureStates.has(state);
  }
  return error instanceof ConnectionFailure;
}

/** Returns whether the database may have failed, so that its check should run at once. */
export function mayBeDatabaseFailure(error: unknown): boolean {
  return isDatabaseFailure(error) || (error instanceof DatabaseError && ambiguousStates.has(error.code ?? ""));
}

export const isReadOnly = (error: unknown): boolean => error instanceof DatabaseError && error.code === "25006";

export const isDiskFull = (error: unknown): boolean => error instanceof DatabaseError && error.code === "53100";

/** Returns true if the connection is broken or leads to a server that became read-only, so that it has to be closed. */
export function breaksConnection(error: unknown): boolean {
  if (error instanceof DatabaseError)
    return error.severity === "FATAL" || error.severity === "PANIC" || error.code === "25006";
  return error instanceof ConnectionFailure;
}

/** Returns true for a deadlock or serialization failure: Postgres has rolled the transaction back, so it can be retried. */
export function isRetryableConflict(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "40P01" || error.code === "40001");
}

export function toDomainError(error: unknown): unknown {
  if (!mayBeDatabaseFailure(error) && !isRetryableConflict(error)) return error;
  if (error instanceof DatabaseError && refusedWriteStates.has(error.code ?? "")) {
    return new AppError("read_only", "The database accepts no changes at the moment. Reads are served. Retry later.", {
      retryAfterSeconds: 2,
      cause: error,
    });
  }
  return new AppError(
    "unavailable",
    mayHaveCommitted(error) ? unconfirmed : "The database is temporarily unavailable. Retry later.",
    {
      retryAfterSeconds: 2,
      cause: error,
    },
  );
}

const mayHaveCommitted = (error: unknown): boolean => error instanceof ConnectionFailure && error.mayHaveCommitted;

const unconfirmed =
  "The database did not confirm the change, so it may have taken effect. Retry with the same Idempotency-Key, or look up the result before you retry.";

/**
 * Maps the violation of one constraint to a domain error:
 * `db.query(insertLease, values).catch(onConstraint("lease_no_overlap", () => overlap(unitId)))`
 */
export function onConstraint(name: string, toError: () => Error): (error: unknown) => never {
  return (error) => {
    if (error instanceof DatabaseError && error.constraint === name) throw toError();
    throw error;
  };
}

/** Maps the deletion of a row that other rows reference to a domain error. */
export function onForeignKeyViolation(toError: () => Error): (error: unknown) => never {
  return (error) => {
    if (error instanceof DatabaseError && error.code === foreignKeyViolation) throw toError();
    throw error;
  };
}

const foreignKeyViolation = "23503";
