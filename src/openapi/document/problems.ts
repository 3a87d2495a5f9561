import { z } from "zod";
import type { ErrorCode } from "../../core/app-error.ts";
import type { Operation } from "../../http/operation.ts";
import { problemKinds } from "../../http/problem.ts";
import { headerReferences } from "./headers.ts";
import type { Schemas } from "./schemas.ts";
import type { DocumentedAnswer, Reference } from "./types.ts";

export const problemType = "application/problem+json";

const codes = Object.keys(problemKinds) as [ErrorCode, ...ErrorCode[]];

const problem = z
  .object({
    type: z.string().meta({ format: "uri-reference" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What is wrong this time, for a person to read" }),
    code: z.enum(codes).meta({ description: "What is wrong, for a program to act upon" }),
    requestId: z.string().optional().meta({ description: "Missing where a probe failed, which is not logged" }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "Which fields are wrong, and why" }),
  })
  .meta({ id: "Problem", description: "A failure, in the form of RFC 9457" });

/** What can fail follows from the shape of a call; the rest it names itself. */
export function problemsOf(operation: Operation): readonly ErrorCode[] {
  const { access, params, headers = [], method } = operation;
  const brings = (codes: readonly ErrorCode[], when: unknown) => (when ? codes : []);
  return [
    // Also where nothing is asked for: an unknown query is refused.
    ...brings(["bad_request", "validation_failed"], true),
    ...brings(["unauthorized"], access),
    ...brings(["forbidden"], access === "admin" || (access && method !== "get")),
    ...brings(["not_found"], params),
    ...brings(["conflict", "unprocessable"], headers.includes("Idempotency-Key")),
    ...brings(["precondition_failed"], headers.includes("If-Match")),
    ...brings(["payload_too_large", "unsupported_media_type"], operation.body ?? operation.upload),
    ...brings(["rate_limited"], operation.rateLimited),
    ...brings(["internal", "overloaded", "unavailable", "deadline_exceeded"], true),
    ...(operation.problems ?? []),
  ];
}

/** By status, as a client meets them. */
export function problemReferences(failures: readonly ErrorCode[]): Readonly<Record<string, Reference>> {
  const statuses = failures.map((code) => problemKinds[code].status).sort((a, b) => a - b);
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]));
}

/** One answer for each status; the codes that share it are told apart by their examples. */
export function problemResponses(schemas: Schemas): Readonly<Record<string, DocumentedAnswer>> {
  const schema = schemas.of(problem, "output");
  const byStatus = Map.groupBy(codes, (code) => problemKinds[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, alike]) => {
      const description = alike.map((code) => `${problemKinds[code].title} (\`${code}\`).`).join(" ");
      const examples = Object.fromEntries(alike.map((code) => [code, { value: exampleOfProblem(code) }]));
      const headers = headerReferences(["X-Request-Id", ...(headersByStatus.get(status) ?? [])]);
      return [`Problem${status}`, { description, headers, content: { [problemType]: { schema, examples } } }];
    }),
  );
}

const headersByStatus = new Map<number, readonly ["Retry-After" | "WWW-Authenticate" | "Content-Range"]>([
  [401, ["WWW-Authenticate"]],
  [409, ["Retry-After"]],
  [416, ["Content-Range"]],
  [429, ["Retry-After"]],
  [503, ["Retry-After"]],
]);

function exampleOfProblem(code: ErrorCode) {
  const { status, title } = problemKinds[code];
  return {
    type: `/api/problems/${code}`,
    title,
    status,
    detail: details[code],
    code,
    requestId: "019d5a3e8f007c3a9d6e2b1f",
    ...(code === "validation_failed" && { errors: [{ path: "name", message: "is needed" }] }),
  };
}

const details: Readonly<Record<ErrorCode, string>> = {
  bad_request: "The body is not valid JSON.",
  validation_failed: "name: is needed",
  unauthorized: "Sign in, or send a valid access token.",
  forbidden: "A page of another origin may not write with this cookie; use a bearer token.",
  not_found: "There is no such unit of yours.",
  method_not_allowed: "Another method is needed here; see the Allow header.",
  request_timeout: "The request was not complete in time.",
  not_acceptable: "None of the accepted formats is to be had.",
  conflict: "The unit is already let in that period.",
  precondition_failed: "It is no longer as If-Match says; read it again and decide anew.",
  payload_too_large: "The body is larger than is accepted here.",
  unsupported_media_type: "Send the body as application/json.",
  range_not_satisfiable: "The file has fewer bytes than that.",
  headers_too_large: "The headers are larger than 16 KiB.",
  unprocessable: "This Idempotency-Key was used for another request.",
  rate_limited: "Too many attempts from here; wait a moment.",
  overloaded: "Try again in a moment.",
  unavailable: "The database cannot answer right now; it is worth another try in a moment.",
  deadline_exceeded: "The request was given up; it can be tried again.",
  internal: "The fault is logged under this request id.",
};
