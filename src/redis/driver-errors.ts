import { AppError } from "../core/app-error.ts";

/** Error replies that report a fault of the server, not of the command. */
const serverReplies =
  /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS|OOM|MISCONF|NOREPLICAS|ERR max number of clients)/;

/** Bugs in the application, and aborted requests. */
const applicationErrors = [AppError, DOMException, TypeError, RangeError, ReferenceError, SyntaxError];

export function isRedisFailure(error: unknown): boolean {
  if (!(error instanceof Error) || applicationErrors.some((kind) => error instanceof kind)) return false;
  return error.name === "ReplyError" ? serverReplies.test(error.message) : true;
}

export function toDomainError(error: unknown): unknown {
  if (!isRedisFailure(error)) return error;
  return new AppError("unavailable", "The session store is temporarily unavailable. Retry later.", {
    retryAfterSeconds: 2,
    cause: error,
  });
}
