import type {
  Document,
  DocumentedAnswer,
  DocumentedOperation,
  DocumentedParameter,
  Reference,
} from "../../../src/openapi/document/openapi-types.ts";
import { compareSchemas } from "./compare-schemas.ts";

/**
 * Lists what a client of `before` can no longer do or rely on, in words. New operations, optional fields of requests,
 * fields of responses and values of enums in responses are not breaking.
 */
export function breakingChanges(before: Document, after: Document): string[] {
  return operationsOf(before).flatMap(({ path, method, operation }) => {
    const now = operationsOf(after).find((one) => one.path === path && one.method === method)?.operation;
    const at = `${method.toUpperCase()} ${path}`;
    if (now === undefined) return [`${at}: the operation is gone`];
    return [
      ...accessChanges(operation, now),
      ...parameterChanges(operation, now, before, after),
      ...bodyChanges(operation, now, before, after),
      ...responseChanges(operation, now, before, after),
    ].map((change) => `${at}: ${change}`);
  });
}

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

function accessChanges(before: DocumentedOperation, after: DocumentedOperation): string[] {
  const from = before["x-access"];
  const to = after["x-access"];
  return from === to || to === "everyone" ? [] : [`access was "${from}" and is now "${to}"`];
}

function parameterChanges(was: DocumentedOperation, is: DocumentedOperation, before: Document, after: Document) {
  const old = was.parameters ?? [];
  const now = is.parameters ?? [];
  const isSame = (one: DocumentedParameter) => (other: DocumentedParameter) =>
    other.name === one.name && other.in === one.in;
  const changed = old.flatMap((one) => {
    const match = now.find(isSame(one));
    const at = `parameter ${one.name}`;
    if (match === undefined) return [`${at} is gone`];
    return [
      ...(match.required && !one.required ? [`${at} is now required`] : []),
      ...compareSchemas(one.schema, match.schema, { at, direction: "request", before, after }),
    ];
  });
  const added = now.filter((one) => one.required && !old.some(isSame(one)));
  return [...changed, ...added.map(({ name }) => `the new parameter ${name} is required`)];
}

function bodyChanges(was: DocumentedOperation, is: DocumentedOperation, before: Document, after: Document): string[] {
  const now = is.requestBody?.content ?? {};
  if (was.requestBody === undefined) return is.requestBody?.required ? ["a body is now required"] : [];
  return Object.entries(was.requestBody.content).flatMap(([type, { schema = {} }]) => {
    const match = now[type];
    if (match === undefined) return [`the body may no longer be ${type}`];
    return compareSchemas(schema, match.schema ?? {}, { at: "body", direction: "request", before, after });
  });
}

function responseChanges(was: DocumentedOperation, is: DocumentedOperation, before: Document, after: Document) {
  return Object.entries(was.responses).flatMap(([status, response]) => {
    // An error that no longer happens breaks no client.
    if (status.startsWith("4") || (status.startsWith("5") && "$ref" in response)) return [];
    const match = is.responses[status];
    if (match === undefined) return [`the response ${status} is gone`];
    const now = resolveAnswer(match, after);
    return Object.entries(resolveAnswer(response, before)?.content ?? {}).flatMap(([type, { schema = {} }]) => {
      const media = now?.content?.[type];
      if (media === undefined) return [`the response ${status} is no longer ${type}`];
      return compareSchemas(schema, media.schema ?? {}, { at: status, direction: "response", before, after });
    });
  });
}

const resolveAnswer = (answer: DocumentedAnswer | Reference, { components }: Document): DocumentedAnswer | undefined =>
  "$ref" in answer ? components.responses[answer.$ref.split("/").at(-1) ?? ""] : answer;
