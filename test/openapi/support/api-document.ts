import type {
  Document,
  DocumentedAnswer,
  DocumentedOperation,
  Reference,
} from "../../../src/openapi/document/openapi-types.ts";
import { ask } from "../../shared/requests/http.ts";

/** An operation of the document. The tests take all facts about the API from the document. */
export type ApiOperation = {
  id: string;
  method: string;
  path: string;
  access: DocumentedOperation["x-access"];
  described: DocumentedOperation;
};

export async function readDocument(url: string) {
  const document = (await ask(`${url}/api/openapi.json`)).json() as Document;
  return { document, operations: operationsOf(document) };
}

function operationsOf({ paths }: Document): ApiOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      access: described["x-access"],
      described,
    })),
  );
}

export const isProtected = ({ described }: ApiOperation): boolean =>
  described.security.length > 0 && described.security.every((requirement) => Object.keys(requirement).length > 0);

/** Returns the documented response, and the JSON pointer of its schemas. */
export function answerAt(document: Document, { method, path, described }: ApiOperation, status: number | string) {
  const answer: DocumentedAnswer | Reference | undefined = described.responses[status];
  if (answer === undefined) return undefined;
  if (!("$ref" in answer)) return { answer, at: `/paths/${escaped(path)}/${method.toLowerCase()}/responses/${status}` };
  const shared = document.components.responses[answer.$ref.replace("#/components/responses/", "")];
  return shared && { answer: shared, at: answer.$ref.slice(1) };
}

export const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
