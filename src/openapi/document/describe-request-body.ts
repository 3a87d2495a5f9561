import { isOptional } from "../../http/input/read-input.ts";
import type { Operation } from "../../http/operation.ts";
import { exampleOf } from "./example.ts";
import type { Schemas } from "./json-schemas.ts";
import type { DocumentedOperation } from "./openapi-types.ts";

export function requestBodyOf({ id, body, upload }: Operation, schemas: Schemas): DocumentedOperation["requestBody"] {
  if (upload !== undefined) return uploadOf(upload);
  if (body === undefined) return undefined;
  const schema = schemas.nameOf(`${id.charAt(0).toUpperCase()}${id.slice(1)}Body`, schemas.toJsonSchema(body, "input"));
  const example = exampleOf(schema, schemas.resolve);
  return { required: !isOptional(body), content: { "application/json": { schema, example } } };
}

/** Returns the file as the body, or as a field of a form. */
function uploadOf({ field, fileTypes, contentTypes, description }: NonNullable<Operation["upload"]>) {
  const asBody = contentTypes
    .filter((type) => type !== form)
    .map((type) => [type, { schema: { type: "string", format: "binary" } }] as const);
  const properties = { [field]: { type: "string", format: "binary", description } };
  const asFormField = {
    schema: { type: "object", properties, required: [field], additionalProperties: false },
    encoding: { [field]: { contentType: fileTypes.join(", ") } },
  };
  return { required: true, description, content: { [form]: asFormField, ...Object.fromEntries(asBody) } };
}

const form = "multipart/form-data";
