import type { JsonSchema } from "./openapi-types.ts";

const byFormat: Readonly<Record<string, unknown>> = {
  uuid: "019d5a3e-8f00-7c3a-9d6e-2b1f5a7c9e01",
  email: "ana.duarte@example.org",
  date: "2026-05-01",
  "date-time": "2026-04-30T09:30:00.000Z",
  uri: "https://example.org/",
};

/** Returns a valid value, built from the examples of the fields. */
export function exampleOf(schema: JsonSchema, resolve: (schema: JsonSchema) => JsonSchema): unknown {
  const { examples, enum: choices, anyOf, oneOf, properties, items, ...rest } = resolve(schema);
  if (examples !== undefined) return examples[0];
  if (rest.const !== undefined) return rest.const;
  if (choices !== undefined) return choices[0];
  if (rest.default !== undefined) return rest.default;
  const [first] = anyOf ?? oneOf ?? [];
  if (first !== undefined) return exampleOf(first, resolve);
  const type = typeof rest.type === "string" ? rest.type : rest.type?.[0];
  if (type === "array") return items === undefined ? [] : [exampleOf(items, resolve)];
  if (type === "object") return exampleOfObject(properties ?? {}, rest, resolve);
  if (type === "boolean") return true;
  if (type === "null") return null;
  if (type === "integer" || type === "number") return rest.minimum ?? 1;
  return byFormat[rest.format ?? ""] ?? "text";
}

/** Builds an object of all its fields, or of one field for a PATCH. */
function exampleOfObject(
  properties: Readonly<Record<string, JsonSchema>>,
  { required = [], minProperties }: JsonSchema,
  resolve: (schema: JsonSchema) => JsonSchema,
): Record<string, unknown> {
  const fields = Object.entries(properties);
  const exampleFields = minProperties === 1 && required.length === 0 ? fields.slice(0, 1) : fields;
  return Object.fromEntries(exampleFields.map(([name, field]) => [name, exampleOf(field, resolve)]));
}
