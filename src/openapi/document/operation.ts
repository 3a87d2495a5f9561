import type { ListenerOperation, Operation } from "../../http/operation.ts";
import { answersOf } from "./answers.ts";
import { parametersOf } from "./parameters.ts";
import { problemReferences, problemsOf } from "./problems.ts";
import { requestBodyOf } from "./request-body.ts";
import type { Schemas } from "./schemas.ts";
import type { DocumentedOperation, WhoMayCall } from "./types.ts";

/** The security schemes by name, as the document has them. */
const ways: Readonly<Record<WhoMayCall, DocumentedOperation["security"]>> = {
  everyone: [],
  member: [{ accessToken: [] }, { sessionCookie: [] }],
  admin: [{ accessToken: [] }, { sessionCookie: [] }],
  operator: [{}, { operatorToken: [] }],
};

/** A call that the routers answer. */
export function describeRouted(operation: Operation, schemas: Schemas): DocumentedOperation {
  const requestBody = requestBodyOf(operation, schemas);
  return {
    ...head(operation, operation.access ?? "everyone"),
    ...parameters(operation, schemas),
    ...(requestBody !== undefined && { requestBody }),
    responses: {
      ...answersOf(operation, schemas, ["X-Request-Id"]),
      ...problemReferences(problemsOf(operation)),
    },
  };
}

/** A call that is answered in front of them, where little can fail. */
export function describeListened(operation: ListenerOperation, schemas: Schemas): DocumentedOperation {
  const { access, ...rest } = operation;
  // Probes are answered before anybody has an id.
  const onEvery = access === "operator" ? (["X-Request-Id"] as const) : [];
  return {
    ...head(operation, access ?? "everyone"),
    ...parameters(rest, schemas),
    responses: { ...answersOf(rest, schemas, onEvery), ...problemReferences(operation.problems ?? []) },
  };
}

function head({ id, summary, description, tag }: Omit<Operation, "access">, access: WhoMayCall) {
  const more = description !== undefined && { description };
  return { operationId: id, summary, ...more, tags: [tag], security: ways[access], "x-access": access };
}

function parameters(operation: Operation, schemas: Schemas) {
  const all = parametersOf(operation, schemas);
  const isLoose = operation.query !== undefined && schemas.of(operation.query, "input").additionalProperties !== false;
  return { ...(isLoose && { "x-any-query": true as const }), ...(all.length > 0 && { parameters: all }) };
}
