/** All expected failures of a request. Only http/problem.ts maps them to HTTP statuses and titles. */
export type ErrorCode =
  | "bad_request"
  | "validation_failed"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "request_timeout"
  | "not_acceptable"
  | "conflict"
  | "precondition_failed"
  | "payload_too_large"
  | "unsupported_media_type"
  | "range_not_satisfiable"
  | "headers_too_large"
  | "unprocessable"
  | "rate_limited"
  | "overloaded"
  | "unavailable"
  | "read_only"
  | "deadline_exceeded"
  | "internal";

/** A wrong field of a request. */
export type FieldError = { path: string; message: string };

export type ErrorExtras = {
  errors?: readonly FieldError[];
  retryAfterSeconds?: number;
  allow?: readonly string[];
  cause?: unknown;
};

/**
 * An error whose message is safe to send to the client.
 * @example if (error instanceof AppError && error.code === "unavailable") response.statusCode = 503;
 */
export class AppError extends Error {
  override readonly name = "AppError";
  /** What went wrong, from a closed set. */
  readonly code: ErrorCode;
  /** Further facts, such as `retryAfterSeconds`. */
  readonly extras: ErrorExtras;

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.extras = extras;
  }
}
