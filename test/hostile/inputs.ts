import type { Document, JsonSchema } from "../../src/openapi/document/openapi-types.ts";
import type { ApiOperation } from "../openapi/support/api-document.ts";

/** All inputs of an operation that a client controls, according to the OpenAPI document. */
export type Inputs = {
  pathParameters: readonly string[];
  queryParameters: readonly string[];
  headers: readonly string[];
  /** Paths of the fields of the JSON body, nested ones too. */
  bodyFields: readonly (readonly string[])[];
  formFields: readonly string[];
};

export function inputsOf({ components }: Document, { described }: ApiOperation): Inputs {
  const named = (place: "path" | "query" | "header") =>
    (described.parameters ?? []).filter((parameter) => parameter.in === place).map(({ name }) => name);
  const resolve = (schema: JsonSchema): JsonSchema =>
    schema.$ref === undefined ? schema : (components.schemas[schema.$ref.replace("#/components/schemas/", "")] ?? {});
  const fieldsOf = (schema: JsonSchema, path: readonly string[]): (readonly string[])[] => {
    const { properties = {}, allOf = [], anyOf = [], oneOf = [] } = resolve(schema);
    const own = Object.entries(properties).flatMap(([name, inner]) => {
      const here = [...path, name];
      return [here, ...fieldsOf(inner, here)];
    });
    return [...own, ...[...allOf, ...anyOf, ...oneOf].flatMap((part) => fieldsOf(part, path))];
  };
  const content = described.requestBody?.content ?? {};
  return {
    pathParameters: named("path"),
    queryParameters: named("query"),
    headers: named("header"),
    bodyFields: fieldsOf(content["application/json"]?.schema ?? {}, []),
    formFields: Object.keys(content["multipart/form-data"]?.schema?.properties ?? {}),
  };
}
