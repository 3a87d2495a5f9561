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
    const newOperation = operationsOf(newDocument).find(
      (candidate) => candidate.path === path && candidate.method === method,
    )?.operation;
    const at = `${method.toUpperCase()} ${path}`;
    if (newOperation === undefined) return [`${at}: the operation is gone`];
    return [
      ...accessChanges(operation, newOperation),
      ...parameterChanges(operation, newOperation, oldDocument, newDocument),
      ...bodyChanges(operation, newOperation, oldDocument, newDocument),
      ...responseChanges(operation, newOperation, oldDocument, newDocument),
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
  const oldParameters = oldOperation.parameters ?? [];
  const newParameters = newOperation.parameters ?? [];
  const isSame = (first: DocumentedParameter) => (second: DocumentedParameter) =>
    first.name === second.name && first.in === second.in;
  const changed = oldParameters.flatMap((parameter) => {
    const match = newParameters.find(isSame(parameter));
    const at = `parameter ${parameter.name}`;
    if (match === undefined) return [`${at} is gone`];
    return [
      ...(match.required && !parameter.required ? [`${at} is now required`] : []),
      ...compareSchemas(parameter.schema, match.schema, { at, direction: "request", oldDocument, newDocument }),
    ];
  });
  const added = newParameters.filter((parameter) => parameter.required && !oldParameters.some(isSame(parameter)));
  return [...changed, ...added.map(({ name }) => `the new parameter ${name} is required`)];
}

function bodyChanges(
  oldOperation: DocumentedOperation,
  newOperation: DocumentedOperation,
  oldDocument: Document,
  newDocument: Document,
): string[] {
  const newContent = newOperation.requestBody?.content ?? {};
  if (oldOperation.requestBody === undefined)
    return newOperation.requestBody?.required ? ["a body is now required"] : [];
  return Object.entries(oldOperation.requestBody.content).flatMap(([type, { schema = {} }]) => {
    const match = newContent[type];
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
    // A client does not break if an error no longer occurs.
    if (status.startsWith("4") || (status.startsWith("5") && "$ref" in response)) return [];
    const match = newOperation.responses[status];
    if (match === undefined) return [`the response ${status} is gone`];
    const newAnswer = resolveAnswer(match, newDocument);
    return Object.entries(resolveAnswer(response, oldDocument)?.content ?? {}).flatMap(([type, { schema = {} }]) => {
      const media = newAnswer?.content?.[type];
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
