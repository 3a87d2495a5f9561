import type {
  Document,
  DocumentedAnswer,
  DocumentedOperation,
  DocumentedParameter,
  Reference,
} from "../../../src/openapi/document/openapi-types.ts";
import { compareSchemas } from "./compare-schemas.ts";

/**
 * Describes each change from `oldDocument` to `newDocument` that breaks a client. These additions break no client:
 * operations, optional request fields, response fields, and values of enums in responses.
 */
export function breakingChanges(oldDocument: Document, newDocument: Document): string[] {
  return operationsOf(oldDocument).flatMap(({ path, method, operation }) => {
    const now = operationsOf(newDocument).find((one) => one.path === path && one.method === method)?.operation;
    const at = `${method.toUpperCase()} ${path}`;
    if (now === undefined) return [`${at}: the operation is gone`];
    return [
      ...accessChanges(operation, now),
      ...parameterChanges(operation, now, oldDocument, newDocument),
      ...bodyChanges(operation, now, oldDocument, newDocument),
      ...responseChanges(operation, now, oldDocument, newDocument),
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

function parameterChanges(
  oldOperation: DocumentedOperation,
  newOperation: DocumentedOperation,
  oldDocument: Document,
  newDocument: Document,
) {
  const old = oldOperation.parameters ?? [];
  const now = newOperation.parameters ?? [];
  const isSame = (one: DocumentedParameter) => (other: DocumentedParameter) =>
    other.name === one.name && other.in === one.in;
  const changed = old.flatMap((one) => {
    const match = now.find(isSame(one));
    const at = `parameter ${one.name}`;
    if (match === undefined) return [`${at} is gone`];
    return [
      ...(match.required && !one.required ? [`${at} is now required`] : []),
      ...compareSchemas(one.schema, match.schema, { at, direction: "request", oldDocument, newDocument }),
    ];
  });
  const added = now.filter((one) => one.required && !old.some(isSame(one)));
  return [...changed, ...added.map(({ name }) => `the new parameter ${name} is required`)];
}

function bodyChanges(
  oldOperation: DocumentedOperation,
  newOperation: DocumentedOperation,
  oldDocument: Document,
  newDocument: Document,
): string[] {
  const now = newOperation.requestBody?.content ?? {};
  if (oldOperation.requestBody === undefined)
    return newOperation.requestBody?.required ? ["a body is now required"] : [];
  return Object.entries(oldOperation.requestBody.content).flatMap(([type, { schema = {} }]) => {
    const match = now[type];
    if (match === undefined) return [`the body may no longer be ${type}`];
    return compareSchemas(schema, match.schema ?? {}, { at: "body", direction: "request", oldDocument, newDocument });
  });
}

function responseChanges(
  oldOperation: DocumentedOperation,
  newOperation: DocumentedOperation,
  oldDocument: Document,
  newDocument: Document,
) {
  return Object.entries(oldOperation.responses).flatMap(([status, response]) => {
    // An error that no longer happens breaks no client.
    if (status.startsWith("4") || (status.startsWith("5") && "$ref" in response)) return [];
    const match = newOperation.responses[status];
    if (match === undefined) return [`the response ${status} is gone`];
    const now = resolveAnswer(match, newDocument);
    return Object.entries(resolveAnswer(response, oldDocument)?.content ?? {}).flatMap(([type, { schema = {} }]) => {
      const media = now?.content?.[type];
      if (media === undefined) return [`the response ${status} is no longer ${type}`];
      return compareSchemas(schema, media.schema ?? {}, {
        at: status,
        direction: "response",
        oldDocument,
        newDocument,
      });
    });
  });
}

const resolveAnswer = (answer: DocumentedAnswer | Reference, { components }: Document): DocumentedAnswer | undefined =>
  "$ref" in answer ? components.responses[answer.$ref.split("/").at(-1) ?? ""] : answer;
