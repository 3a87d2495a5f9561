import { type ServerResponse, STATUS_CODES } from "node:http";
import { AppError, type ErrorCode, type FieldError } from "../core/errors/app-error.ts";
import { type ProblemMembers, problemMembers } from "../core/errors/problem-members.ts";
import type { RequestTrace } from "../core/tracer.ts";

/**
 * The body of an error response (RFC 9457). The error responses of the proxies are generated from it. Probes and operator
 * endpoints use `kit/http/problems.ts`, and a test requires the same statuses and texts there.
 */
export type Problem = ProblemMembers<ErrorCode> & {
  requestId: string;
  /** Only while traces are exported. */
  traceId?: string;
  errors?: readonly FieldError[];
};

/** Replaces the message of an unexpected error, which may contain internal details. */
export const internalDetail = "The error is logged under this request id.";

export const problemKinds: Readonly<Record<ErrorCode, { status: number; title: string; example: string }>> = {
  bad_request: { status: 400, title: "Bad request", example: "The body is not valid JSON." },
  validation_failed: { status: 400, title: "Validation failed", example: "name: is required" },
  unauthorized: { status: 401, title: "Authentication required", example: "Sign in, or send a valid access token." },
  forbidden: {
    status: 403,
    title: "Forbidden",
    example: "Writes with a session cookie are not allowed from another origin. Use a bearer token.",
  },
  not_found: { status: 404, title: "Not found", example: "Unit not found." },
  method_not_allowed: {
    status: 405,
    title: "Method not allowed",
    example: "The path does not support this method. See the Allow header.",
  },
  not_acceptable: { status: 406, title: "Not acceptable", example: "None of the accepted formats is available." },
  request_timeout: { status: 408, title: "Request timeout", example: "The request was not complete in time." },
  conflict: { status: 409, title: "Conflict", example: "The unit already has a lease in that period." },
  precondition_failed: {
    status: 412,
    title: "Precondition failed",
    example: "The resource has changed since the version in If-Match. Fetch it again and retry.",
  },
  payload_too_large: { status: 413, title: "Payload too large", example: "The body may have at most 1,000,000 bytes." },
  unsupported_media_type: {
    status: 415,
    title: "Unsupported media type",
    example: "Send the body as application/json.",
  },
  range_not_satisfiable: { status: 416, title: "Range not satisfiable", example: "The image has 40960 bytes." },
  unprocessable: {
    status: 422,
    title: "Unprocessable content",
    example: "This Idempotency-Key was used for another request.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests",
    example: "Too many attempts. Retry later.",
  },
  headers_too_large: {
    status: 431,
    title: "Request header fields too large",
    example: "The headers are larger than 16 KiB.",
  },
  overloaded: { status: 503, title: "Server overloaded", example: "Retry in a moment." },
  unavailable: {
    status: 503,
    title: "Service unavailable",
    example: "The database is temporarily unavailable. Retry later.",
  },
  read_only: {
    status: 503,
    title: "Service is read-only",
    example: 'The dependency "postgres" accepts no writes at the moment. Reads are served.',
  },
  deadline_exceeded: {
    status: 503,
    title: "Request deadline exceeded",
    example: "The request took too long and was aborted. Retry later.",
  },
  internal: { status: 500, title: "Internal server error", example: internalDetail },
};

/**
 * `status` replaces the status of the code. Only the error responses of proxies use it, because proxies also have
 * statuses for which there is no code.
 */
export function problemOf(code: ErrorCode, detail: string, requestId: string, status?: number): Problem {
  const kind = problemKinds[code];
  return { ...problemMembers({ code, title: kind.title, status: status ?? kind.status, detail }), requestId };
}

export function toProblem(error: unknown, requestId: string, trace?: Pick<RequestTrace, "traceId">): Problem {
  const { code, message, extras } = toAppError(error);
  const problem = problemOf(code, truncate(message, maxDetailLength), requestId);
  if (trace !== undefined) problem.traceId = trace.traceId;
  if (extras.errors) problem.errors = extras.errors.slice(0, maxFieldErrors).map(truncateFieldError);
  return problem;
}

/** Field paths repeat client input. These limits keep every error response below 20 kB. */
const maxFieldErrors = 20;
const maxPathLength = 100;
const maxDetailLength = 500;

const truncate = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength).toWellFormed()}…`;

const truncateFieldError = ({ path, message }: FieldError): FieldError => ({
  path: truncate(path, maxPathLength),
  message,
});

export function sendProblem(response: ServerResponse, error: unknown, requestId: string): Problem {
  // Requests for probes and operator endpoints have no context.
  const trace = "context" in response.req ? response.req.context.trace : undefined;
  trace?.fail(error);
  const problem = toProblem(error, requestId, trace);
  const { retryAfterSeconds, allow } = toAppError(error).extras;
  // Node sends a string in one write with the headers; a buffer needs a second write.
  const body = JSON.stringify(problem);
  response.statusCode = problem.status;
  response.setHeader("X-Request-Id", requestId);
  response.setHeader("Content-Type", "application/problem+json");
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.setHeader("Cache-Control", "no-store");
  response.removeHeader("ETag");
  if (problem.status === 503 || retryAfterSeconds !== undefined)
    response.setHeader("Retry-After", retryAfterSeconds ?? 1);
  if (allow) response.setHeader("Allow", allow.join(", "));
  if (problem.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  response.end(body);
  return problem;
}

export type RawProblem = {
  code: ErrorCode;
  detail: string;
  requestId: string;
  securityHeaders: ReadonlyMap<string, string>;
};

/** Returns the text of a complete response, for a request that Node could not parse and that has no `ServerResponse`. */
export function rawProblem({ code, detail, requestId, securityHeaders }: RawProblem): string {
  const problem = problemOf(code, detail, requestId);
  const { status } = problem;
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...[...securityHeaders].map(([name, value]) => `${name}: ${value}`),
    `X-Request-Id: ${requestId}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    ...(code === "method_not_allowed" ? ["Allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"] : []),
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return fromExpress(error) ?? new AppError("internal", internalDetail, { cause: error });
}

/** Express reports an undecodable path as an error with status 400; its message is not meant for callers. */
function fromExpress(error: unknown): AppError | undefined {
  const isBadRequest = error instanceof Error && "status" in error && error.status === 400;
  return isBadRequest
    ? new AppError("bad_request", "The request path cannot be decoded.", { cause: error })
    : undefined;
}
