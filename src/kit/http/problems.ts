import type { ServerResponse } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { problemMembers } from "../../core/errors/problem-members.ts";
import { warn } from "../guard-callback.ts";
import type { SendError } from "./operator-endpoints.ts";

/** The problems (RFC 9457) of probes and operator endpoints. The server answers with the same statuses and titles. */
export const kitProblems = {
  bad_request: { status: 400, title: "Bad request" },
  unauthorized: { status: 401, title: "Authentication required" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  overloaded: { status: 503, title: "Server overloaded" },
  internal: { status: 500, title: "Internal server error" },
} as const;

export type KitProblemCode = keyof typeof kitProblems;

/** Returns the body of a problem without a request id, so that the bytes can be prepared once. */
export function problemBody(code: KitProblemCode, detail: string): string {
  const { status, title } = kitProblems[code];
  return JSON.stringify(problemMembers({ code, title, status, detail }));
}

/** Sends the error response of an operator endpoint, for a server without an error format of its own. */
export function sendKitProblem(response: ServerResponse, error: unknown, requestId: string): void {
  const known = error instanceof AppError && isKitProblem(error.code) ? error : undefined;
  const code = known === undefined || !isKitProblem(known.code) ? "internal" : known.code;
  const body = problemBody(code, known?.message ?? "The error is logged under this request id.");
  response.writeHead(kitProblems[code].status, {
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": requestId,
    ...(code === "unauthorized" && { "WWW-Authenticate": "Bearer" }),
    ...(known?.extras.retryAfterSeconds !== undefined && { "Retry-After": known.extras.retryAfterSeconds }),
    ...(known?.extras.allow !== undefined && { Allow: known.extras.allow.join(", ") }),
  });
  response.end(body);
}

/** Wraps the app's function for error responses. If it fails, the connection is closed, because nothing else answers. */
export const guardSendError =
  (send: SendError): SendError =>
  (response, error, requestId) => {
    const fail = (failure: unknown) => {
      warn("sendError failed", failure);
      response.destroy();
    };
    try {
      Promise.resolve(send(response, error, requestId)).catch(fail);
    } catch (failure) {
      fail(failure);
    }
  };

const isKitProblem = (code: string): code is KitProblemCode => Object.hasOwn(kitProblems, code);
