import { z } from "zod";
import type { ErrorCode } from "../../core/errors/app-error.ts";
import { describedMembers } from "../../core/errors/problem-members.ts";
import { needsOf, type Operation } from "../../http/operation.ts";
import { problemKinds, problemOf } from "../../http/problem.ts";
import type { Schemas } from "./json-schemas.ts";
import type { DocumentedAnswer, Reference } from "./openapi-types.ts";
import { type DocumentedHeaderName, headerReferences } from "./response-headers.ts";

export const problemType = "application/problem+json";

const codes = Object.keys(problemKinds) as [ErrorCode, ...ErrorCode[]];

const memberSchemas = Object.fromEntries(
  Object.entries(describedMembers).map(([name, meta]) => [name, z.string().meta(meta)]),
);

const problem = z
  .object({
    ...memberSchemas,
    status: z.int().meta(describedMembers.status),
    code: z.enum(codes).meta({ id: "ProblemCode" }).meta(describedMembers.code),
    requestId: z.string().optional().meta({ description: "Absent in responses of probes" }),
    traceId: z.string().optional().meta({ description: "The trace of the request, while the server exports traces" }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "The invalid fields" }),
  })
  .meta({ id: "Problem", description: "An error as defined by RFC 9457" });

/** Derives most error codes from the description of an operation. Its `problems` list only the others. */
export function problemsOf(operation: Operation): readonly ErrorCode[] {
  const { access, params, headers = [] } = operation;
  const codesIf = (codes: readonly ErrorCode[], condition: unknown) => (condition ? codes : []);
  return [
    // Every operation refuses unknown query parameters.
    ...codesIf(["bad_request", "validation_failed"], true),
    ...codesIf(["unauthorized"], access),
    // 403 is for API keys without the scope, cookies from other origins, and credentials that the operation does not accept.
    ...codesIf(["forbidden", "rate_limited"], access),
    ...codesIf(["not_found"], params),
    ...codesIf(["conflict", "unprocessable"], headers.includes("Idempotency-Key")),
    ...codesIf(["precondition_failed"], headers.includes("If-Match")),
    ...codesIf(["payload_too_large", "unsupported_media_type"], operation.body ?? operation.upload),
    ...codesIf(["rate_limited"], operation.rateLimited),
    ...codesIf(["internal", "overloaded", "unavailable", "deadline_exceeded"], true),
    ...codesIf(["read_only"], needsOf(operation).postgres === "write" || needsOf(operation).redis === "write"),
    ...(operation.problems ?? []),
  ];
}

export function problemReferences(failures: readonly ErrorCode[]): Readonly<Record<string, Reference>> {
  const statuses = failures.map((code) => problemKinds[code].status).sort((a, b) => a - b);
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]));
}

/** Returns one response per status, with an example for each code. */
export function problemResponses(schemas: Schemas): Readonly<Record<string, DocumentedAnswer>> {
  const schema = schemas.toJsonSchema(problem, "output");
  const byStatus = Map.groupBy(codes, (code) => problemKinds[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codesOfStatus]) => {
      const description = codesOfStatus.map((code) => `${problemKinds[code].title} (\`${code}\`).`).join(" ");
      const examples = Object.fromEntries(codesOfStatus.map((code) => [code, { value: exampleOfProblem(code) }]));
      const headers = headerReferences(["X-Request-Id", ...(headersByStatus.get(status) ?? [])]);
      return [`Problem${status}`, { description, headers, content: { [problemType]: { schema, examples } } }];
    }),
  );
}

const headersByStatus = new Map<number, readonly DocumentedHeaderName[]>([
  [401, ["WWW-Authenticate"]],
  [409, ["Retry-After"]],
  [416, ["Content-Range"]],
  [429, ["Retry-After", "RateLimit", "RateLimit-Policy"]],
  [503, ["Retry-After"]],
]);

function exampleOfProblem(code: ErrorCode) {
  return {
    ...problemOf(code, problemKinds[code].example, "019d5a3e8f007c3a9d6e2b1f"),
    ...(code === "validation_failed" && { errors: [{ path: "name", message: "is required" }] }),
  };
}
