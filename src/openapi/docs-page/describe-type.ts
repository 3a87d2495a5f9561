import { patternMeanings } from "../../http/input/common-schemas.ts";
import type { JsonSchema } from "../document/openapi-types.ts";

const byFormat: Readonly<Record<string, string>> = {
  uuid: "UUID",
  email: "email address",
  date: "date, `YYYY-MM-DD`",
  "date-time": "time, RFC 3339",
  binary: "file",
  "uri-reference": "URL",
};

/** Returns the type of a field in words, with code in backticks. */
export function describeType(schema: JsonSchema): string {
  const { enum: choices, anyOf, oneOf, type, items } = schema;
  if (schema.const !== undefined) return `always \`${String(schema.const)}\``;
  if (choices !== undefined) return describeChoices(choices.map((choice) => `\`${String(choice)}\``));
  if (anyOf !== undefined) return [...new Set(anyOf.map(describeType))].join(" or ");
  if (oneOf !== undefined) return "object";
  if (typeof type === "object") return type.map((one) => describeType({ ...schema, type: one })).join(" or ");
  if (type === "array") return items === undefined ? "array" : `array of ${plural(describeType(items))}`;
  if (type === "integer" || type === "number")
    return joinWords(type === "integer" ? "integer" : "number", describeRange(schema));
  if (type === "string") return joinWords(byFormat[schema.format ?? ""] ?? "string", describeLength(schema));
  if (type === "object") return schema.properties === undefined ? "object with any keys" : "object";
  if (type === "boolean") return "`true` or `false`";
  return type === "null" ? "`null`" : "any value";
}

/** Returns the value that the server uses if the field is missing. */
export const describeDefault = ({ default: value }: JsonSchema): string =>
  value === undefined ? "" : `, default: ${value === "" ? "empty" : `\`${String(value)}\``}`;

const maxChoices = 20;

function describeChoices(choices: readonly string[]): string {
  if (choices.length <= maxChoices) return `one of ${choices.join(", ")}`;
  return `one of ${choices.length} codes, such as ${choices.slice(0, 3).join(", ")}`;
}

const formatNumber = (value: number): string => value.toLocaleString("en");

const joinWords = (...words: readonly string[]): string => words.filter((word) => word !== "").join(", ");

const plural = (words: string): string => (words.startsWith("object") ? "objects" : words);

function describeRange({ minimum, maximum, multipleOf }: JsonSchema): string {
  const steps = multipleOf === undefined ? "" : `multiple of ${multipleOf}`;
  if (minimum !== undefined && maximum !== undefined)
    return joinWords(`${formatNumber(minimum)} to ${formatNumber(maximum)}`, steps);
  if (minimum !== undefined) return joinWords(`at least ${minimum}`, steps);
  return joinWords(maximum === undefined ? "" : `at most ${maximum}`, steps);
}

function describeLength({ minLength, maxLength, pattern }: JsonSchema): string {
  const form = patternMeanings.get(pattern ?? "") ?? asciiPatterns[pattern ?? ""] ?? "";
  if (maxLength === undefined)
    return joinWords(minLength === undefined ? "" : `at least ${minLength} characters`, form);
  const from = minLength === undefined ? "up to" : `${minLength} to`;
  return joinWords(`${from} ${formatNumber(maxLength)} characters`, form);
}

const asciiPatterns: Readonly<Record<string, string>> = {
  "^[!-~]*$": "printable ASCII without spaces",
  "^[0-9]{1,19}$": "up to 19 digits",
  "^[0-9]{0,19}$": "up to 19 digits",
};
