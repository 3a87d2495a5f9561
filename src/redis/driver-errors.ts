import { AppError } from "../core/app-error.ts";

/** Replies by which a server says that it cannot serve, as opposed to that a command was wrong. */
const serverReplies =
  /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS|OOM|MISCONF|NOREPLICAS|ERR max number of clients)/;

/** Faults in our own code, and requests that were given up. */
const ours = [AppError, DOMException, TypeError, RangeError, ReferenceError, SyntaxError];

export function isRedisFailure(error: unknown): boolean {
  if (!(error instanceof Error) || ours.some((kind) => error instanceof kind)) return false;
  return error.name === "ReplyError" ? serverReplies.test(error.message) : true;
}

export function toDomainError(error: unknown): unknown {
  if (!isRedisFailure(error)) return error;
  return new AppError("unavailable", "Sessions cannot be looked up right now; it is worth another try in a moment.", {
    retryAfterSeconds: 2,
    cause: error,
  });
}
