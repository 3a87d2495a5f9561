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
  conflict: { status: 409, title: "This conflicts with what is there" },
  precondition_failed: { status: 412, title: "It was changed in between" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "This content type is not understood" },
  range_not_satisfiable: { status: 416, title: "None of the range that was asked for is there" },
  unprocessable: { status: 422, title: "The content cannot be processed" },
  rate_limited: { status: 429, title: "Too many requests" },
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
    detail: known.message,
    code: known.code,
    requestId,
  };
  if (known.extras.errors) problem.errors = known.extras.errors;
  return problem;
}

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
  status: number;
  detail: string;
  requestId: string;
  securityHeaders: ReadonlyMap<string, string>;
};

/** The answer on a socket whose request never became one. */
export function rawProblem({ status, detail, requestId, securityHeaders }: RawProblem): string {
  const code: ErrorCode = status === 431 || status === 413 ? "payload_too_large" : "bad_request";
  const title = STATUS_CODES[status] ?? "";
  const body = JSON.stringify({ type: `/api/problems/${code}`, title, status, detail, code, requestId });
  return [
    `HTTP/1.1 ${status} ${title}`,
    ...[...securityHeaders].map(([name, value]) => `${name}: ${value}`),
    `X-Request-Id: ${requestId}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return (
    fromBodyReader(error) ?? new AppError("internal", "The fault is logged under this request id.", { cause: error })
  );
}

/** What Express and its body reader throw carries a status and a type; their messages are theirs. */
function fromBodyReader(error: unknown): AppError | undefined {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return undefined;
  switch (error.status) {
    case 400:
      return new AppError(
        "bad_request",
        bodyFaults["type" in error ? String(error.type) : ""] ?? "The request cannot be read.",
      );
    case 413:
      return new AppError("payload_too_large", "The body is larger than is accepted here.");
    case 415:
      return new AppError("unsupported_media_type", "The body's charset or content encoding is not understood.");
    default:
      return undefined;
  }
}

const bodyFaults: Readonly<Record<string, string>> = {
  "entity.parse.failed": "The body is not valid JSON.",
  "request.aborted": "The body ended before it was complete.",
  "request.size.invalid": "The body's length differs from Content-Length.",
};
