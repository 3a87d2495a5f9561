import { AppError } from "../core/errors/app-error.ts";

/** Error replies that report a fault of the server, not of the command. */
const serverReplies =
  /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS|OOM|MISCONF|NOREPLICAS|ERR max number of clients)/;

/** Errors that are bugs in the application or aborted requests, not failures of Redis. */
const applicationErrors = [AppError, DOMException, TypeError, RangeError, ReferenceError, SyntaxError];

export function isRedisFailure(error: unknown): boolean {
  if (!(error instanceof Error) || applicationErrors.some((kind) => error instanceof kind)) return false;
  return error.name === "ReplyError" ? serverReplies.test(error.message) : true;
}

/** The server denies the command: because of the command, or because its permissions have changed. */
const deniedReplies = /^NOPERM|The user executing the script can't|ACL failure in script/;
/** Redis refuses writes and may still answer reads. */
const refusedWriteReplies = /^(?:OOM|NOREPLICAS|READONLY|MISCONF)/;

const isReply = (error: unknown, replies: RegExp): boolean =>
  error instanceof Error && error.name === "ReplyError" && replies.test(error.message);

/** Returns whether Redis may have failed, so that its check should run at once. */
export const mayBeRedisFailure = (error: unknown): boolean => isRedisFailure(error) || isReply(error, deniedReplies);

/** Returns whether the server rejected the number of the database in REDIS_URL. */
export const isRejectedSelect = (error: unknown): boolean =>
  error instanceof Error && "command" in error && Object(error.command).name === "select";

export function toDomainError(error: unknown): unknown {
  if (!mayBeRedisFailure(error)) return error;
  if (isReply(error, refusedWriteReplies)) {
    return new AppError(
      "read_only",
      "The session store accepts no changes at the moment. Reads are served. Retry later.",
      {
        retryAfterSeconds: 2,
        cause: error,
      },
    );
  }
  return new AppError("unavailable", "The session store is temporarily unavailable. Retry later.", {
    retryAfterSeconds: 2,
    cause: error,
  });
}
