import type { Routes } from "../../http/create-routes.ts";
import type { ListenerOperation } from "../../http/operation.ts";
import { describeListenerOperation, describeRoute } from "./describe-operation.ts";
import { problemResponses } from "./describe-problems.ts";
import { guide, tagDescriptions } from "./guide.ts";
import { createSchemas } from "./json-schemas.ts";
import type { Components, Document, DocumentedOperation } from "./openapi-types.ts";
import { answerHeaders } from "./response-headers.ts";

export type DocumentDeps = {
  version: string;
  cookieName: string;
  routes: readonly Pick<Routes, "prefix" | "operations">[];
  listenerOperations: readonly ListenerOperation[];
};

/** Generates OpenAPI 3.1 from the descriptions that route and validate requests, so that both always agree. */
export function createDocument({ version, cookieName, routes, listenerOperations }: DocumentDeps): Document {
  const schemas = createSchemas();
  const operations = [
    ...routes.flatMap(({ prefix, operations }) =>
      operations.map((operation) => withPath(prefix, operation, describeRoute(operation, schemas))),
    ),
    ...listenerOperations.map((operation) => withPath("", operation, describeListenerOperation(operation, schemas))),
  ];
  return {
    openapi: "3.1.1",
    info: {
      title: "Haven API",
      version,
      summary: "Properties, units, leases and maintenance requests.",
      description: guide.map(({ title, text }) => `## ${title}\n\n${text.join("\n\n")}`).join("\n\n"),
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This server" }],
    tags: [...new Set(operations.flatMap(({ described }) => described.tags))].map((name) => ({
      name,
      description: tagDescriptions[name] ?? "",
    })),
    paths: byPath(operations),
    components: {
      schemas: schemas.named,
      responses: responsesUsedBy(operations, problemResponses(schemas)),
      headers: answerHeaders,
      securitySchemes: {
        accessToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "Returned by register and login.",
        },
        sessionCookie: { type: "apiKey", in: "cookie", name: cookieName, description: "For browsers." },
        apiKey: { type: "http", scheme: "bearer", description: "`hvn_…`, created by `POST /api/v1/auth/api-keys`." },
        operatorToken: { type: "http", scheme: "bearer", description: "`OPS_TOKEN`, if the server has one." },
      },
    },
  };
}

type LocatedOperation = { path: string; method: ListenerOperation["method"]; described: DocumentedOperation };

function withPath(
  prefix: string,
  { path, method }: Pick<LocatedOperation, "path" | "method">,
  described: DocumentedOperation,
) {
  return { path: `${prefix}${path}`, method, described };
}

/** Returns the problem responses to which at least one operation refers. No operation refers to 405, for example. */
function responsesUsedBy(
  operations: readonly LocatedOperation[],
  responses: Components["responses"],
): Components["responses"] {
  const used = new Set(
    operations.flatMap(({ described }) =>
      Object.values(described.responses).map((answer) => ("$ref" in answer ? answer.$ref : "")),
    ),
  );
  return Object.fromEntries(Object.entries(responses).filter(([name]) => used.has(`#/components/responses/${name}`)));
}

function byPath(operations: readonly LocatedOperation[]): Document["paths"] {
  const paths: Record<string, Partial<Record<LocatedOperation["method"], DocumentedOperation>>> = {};
  for (const { path, method, described } of operations) paths[path] = { ...paths[path], [method]: described };
  return paths;
}
