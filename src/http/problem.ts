import { type ServerResponse, STATUS_CODES } from "node:http";
import { AppError, type ErrorCode, type FieldError } from "../core/app-error.ts";

/** The only place that knows what a failure looks like on the wire (RFC 9457). */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  requestId: string;
  errors?: readonly FieldError[];
};

export const problemKinds: Readonly<Record<ErrorCode, { status: number; title: string }>> = {
  bad_request: { status: 400, title: "The request is malformed" },
  validation_failed: { status: 400, title: "The request has invalid fields" },
  unauthorized: { status: 401, title: "Authentication is needed" },
  forbidden: { status: 403, title: "This is not allowed" },
  not_found: { status: 404, title: "There is no such thing here" },
  method_not_allowed: { status: 405, title: "This method is not allowed here" },
  not_acceptable: { status: 406, title: "None of the accepted formats is to be had" },
  request_timeout: { status: 408, title: "Request timeout" },
  conflict: { status: 409, title: "This conflicts with what is there" },
  precondition_failed: { status: 412, title: "It was changed in between" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "This content type is not understood" },
  range_not_satisfiable: { status: 416, title: "None of the range that was asked for is there" },
  unprocessable: { status: 422, title: "The content cannot be processed" },
  rate_limited: { status: 429, title: "Too many requests" },
  headers_too_large: { status: 431, title: "Request header fields too large" },
  overloaded: { status: 503, title: "The server is overloaded" },
  unavailable: { status: 503, title: "Something that is needed is not available" },
  deadline_exceeded: { status: 503, title: "The request took too long" },
  internal: { status: 500, title: "Something went wrong here" },
};

export function toProblem(error: unknown, requestId: string): Problem {
  const known = toAppError(error);
  const { status, title } = problemKinds[known.code];
  const problem: Problem = {
    type: `/api/problems/${known.code}`,
    title,
    status,
    detail: cut(known.message, maxDetailLength),
    code: known.code,
    requestId,
  };
  if (known.extras.errors) problem.errors = known.extras.errors.slice(0, maxFieldErrors).map(shortened);
  return problem;
}

/** Paths repeat what the caller sent: bounded, so that no request is answered with more than 20 kB of error. */
const maxFieldErrors = 20;
const maxPathLength = 100;
const maxDetailLength = 500;

const cut = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength).toWellFormed()}…`;

const shortened = ({ path, message }: FieldError): FieldError => ({ path: cut(path, maxPathLength), message });

export function sendProblem(response: ServerResponse, error: unknown, requestId: string): Problem {
  const problem = toProblem(error, requestId);
  const { retryAfterSeconds, allow } = toAppError(error).extras;
  // A string goes out with the headers in one write; a buffer would be a second piece.
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

/** The answer on a socket whose request never became one. */
export function rawProblem({ code, detail, requestId, securityHeaders }: RawProblem): string {
  const { status, title } = problemKinds[code];
  const body = JSON.stringify({ type: `/api/problems/${code}`, title, status, detail, code, requestId });
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
  return fromExpress(error) ?? new AppError("internal", "The fault is logged under this request id.", { cause: error });
}

/** Express reports a path that it cannot decode by an error with a status; the message is not meant for callers. */
function fromExpress(error: unknown): AppError | undefined {
  const isBadRequest = error instanceof Error && "status" in error && error.status === 400;
  return isBadRequest ? new AppError("bad_request", "The request cannot be read.", { cause: error }) : undefined;
}
