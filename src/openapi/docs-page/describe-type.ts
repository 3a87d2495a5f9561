import type { JsonSchema } from "../document/openapi-types.ts";

const byFormat: Readonly<Record<string, string>> = {
  uuid: "UUID",
  email: "email address",
  date: "date, `YYYY-MM-DD`",
  "date-time": "time, RFC 3339",
  binary: "file",
  "uri-reference": "URL",
};

/** Returns the type of a field in words; code in backticks. */
export function describeType(schema: JsonSchema): string {
  const { enum: choices, anyOf, oneOf, type, items } = schema;
  if (schema.const !== undefined) return `always \`${String(schema.const)}\``;
  if (choices !== undefined) return `one of ${choices.map((choice) => `\`${String(choice)}\``).join(", ")}`;
  if (anyOf !== undefined) return [...new Set(anyOf.map(describeType))].join(" or ");
  if (oneOf !== undefined) return "object";
  if (typeof type === "object") return type.map((one) => describeType({ ...schema, type: one })).join(" or ");
  if (type === "array") return items === undefined ? "array" : `array of ${plural(describeType(items))}`;
  if (type === "integer" || type === "number")
    return joinWords(type === "integer" ? "integer" : "number", range(schema));
  if (type === "string") return joinWords(byFormat[schema.format ?? ""] ?? "string", lengths(schema));
  if (type === "object") return schema.properties === undefined ? "object with any keys" : "object";
  if (type === "boolean") return "`true` or `false`";
  return type === "null" ? "`null`" : "any value";
}

const joinWords = (...words: readonly string[]): string => words.filter((word) => word !== "").join(", ");

const plural = (words: string): string => (words.startsWith("object") ? "objects" : words);

function range({ minimum, maximum, multipleOf }: JsonSchema): string {
  const steps = multipleOf === undefined ? "" : `multiple of ${multipleOf}`;
  if (minimum !== undefined && maximum !== undefined) return joinWords(`${minimum} to ${maximum}`, steps);
  if (minimum !== undefined) return joinWords(`at least ${minimum}`, steps);
  return joinWords(maximum === undefined ? "" : `at most ${maximum}`, steps);
}

function lengths({ minLength, maxLength, pattern }: JsonSchema): string {
  const form = pattern === undefined ? "" : `pattern \`${pattern}\``;
  if (maxLength === undefined)
    return joinWords(minLength === undefined ? "" : `at least ${minLength} characters`, form);
  return joinWords(`${minLength === undefined ? "at most" : `${minLength} to`} ${maxLength} characters`, form);
}
