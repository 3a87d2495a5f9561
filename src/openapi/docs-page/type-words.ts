import type { JsonSchema } from "../document/types.ts";

const byFormat: Readonly<Record<string, string>> = {
  uuid: "UUID",
  email: "e-mail address",
  date: "day, `YYYY-MM-DD`",
  "date-time": "time, RFC 3339",
  binary: "file",
  "uri-reference": "address",
};

/** What a field may hold, as one would say it; code in backticks. */
export function typeWords(schema: JsonSchema): string {
  const { enum: choices, anyOf, type, items } = schema;
  if (schema.const !== undefined) return `always \`${String(schema.const)}\``;
  if (choices !== undefined) return `one of ${choices.map((choice) => `\`${String(choice)}\``).join(", ")}`;
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeWords))].join(" or ");
  if (typeof type === "object") return type.map((one) => typeWords({ ...schema, type: one })).join(" or ");
  if (type === "array") return items === undefined ? "list" : `list of ${plural(typeWords(items))}`;
  if (type === "integer" || type === "number")
    return joined(type === "integer" ? "whole number" : "number", range(schema));
  if (type === "string") return joined(byFormat[schema.format ?? ""] ?? "text", lengths(schema));
  if (type === "object") return schema.properties === undefined ? "object with any names" : "object";
  if (type === "boolean") return "`true` or `false`";
  return type === "null" ? "`null`" : "anything";
}

const joined = (...words: readonly string[]): string => words.filter((word) => word !== "").join(", ");

const plural = (words: string): string => (words.startsWith("object") ? "objects" : words);

function range({ minimum, maximum, multipleOf }: JsonSchema): string {
  const steps = multipleOf === undefined ? "" : `in steps of ${multipleOf}`;
  if (minimum !== undefined && maximum !== undefined) return joined(`${minimum} to ${maximum}`, steps);
  if (minimum !== undefined) return joined(`at least ${minimum}`, steps);
  return joined(maximum === undefined ? "" : `at most ${maximum}`, steps);
}

function lengths({ minLength, maxLength, pattern }: JsonSchema): string {
  const form = pattern === undefined ? "" : `like \`${pattern}\``;
  if (maxLength === undefined) return joined(minLength === undefined ? "" : `at least ${minLength} characters`, form);
  return joined(`${minLength === undefined ? "at most" : `${minLength} to`} ${maxLength} characters`, form);
}
