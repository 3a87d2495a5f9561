import type { ListenerOperation, Operation } from "../../http/operation.ts";
import { answersOf } from "./describe-answers.ts";
import { parametersOf } from "./describe-parameters.ts";
import { problemReferences, problemsOf } from "./describe-problems.ts";
import { requestBodyOf } from "./describe-request-body.ts";
import type { Schemas } from "./json-schemas.ts";
import type { Access, DocumentedOperation } from "./openapi-types.ts";

const security: Readonly<Record<Access, DocumentedOperation["security"]>> = {
  everyone: [],
  member: [{ accessToken: [] }, { sessionCookie: [] }, { apiKey: [] }],
  account: [{ accessToken: [] }, { sessionCookie: [] }],
  session: [{ accessToken: [] }, { sessionCookie: [] }],
  admin: [{ accessToken: [] }, { sessionCookie: [] }],
  operator: [{}, { operatorToken: [] }],
};

const keyHeaders = ["RateLimit", "RateLimit-Policy"] as const;

/** Documents an operation of the Express routes. */
export function describeRoute(operation: Operation, schemas: Schemas): DocumentedOperation {
  const requestBody = requestBodyOf(operation, schemas);
  return {
    ...commonFields(operation, operation.access ?? "everyone"),
    ...parameters(operation, schemas),
    ...(requestBody !== undefined && { requestBody }),
    responses: {
      ...answersOf(operation, schemas, ["X-Request-Id", ...(operation.access === "member" ? keyHeaders : [])]),
      ...problemReferences(problemsOf(operation)),
    },
  };
}

/** Documents an operation that the listener answers before the Express app. */
export function describeListenerOperation(operation: ListenerOperation, schemas: Schemas): DocumentedOperation {
  const { access, ...withoutAccess } = operation;
  // Responses of probes have no request id.
  const commonHeaders = access === "operator" ? (["X-Request-Id"] as const) : [];
  return {
    ...commonFields(operation, access ?? "everyone"),
    ...parameters(withoutAccess, schemas),
    responses: { ...answersOf(withoutAccess, schemas, commonHeaders), ...problemReferences(operation.problems ?? []) },
  };
}

function commonFields({ id, summary, description, tag }: Omit<Operation, "access">, access: Access) {
  const optionalDescription = description !== undefined && { description };
  return {
    operationId: id,
    summary,
    ...optionalDescription,
    tags: [tag],
    security: security[access],
    "x-access": access,
  };
}

function parameters(operation: Operation, schemas: Schemas) {
  const all = parametersOf(operation, schemas);
  const acceptsAnyQuery =
    operation.query !== undefined && schemas.toJsonSchema(operation.query, "input").additionalProperties !== false;
  return { ...(acceptsAnyQuery && { "x-any-query": true as const }), ...(all.length > 0 && { parameters: all }) };
}
