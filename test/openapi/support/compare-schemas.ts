import { resolveReference } from "../../../src/openapi/document/json-schemas.ts";
import type { Document, JsonSchema } from "../../../src/openapi/document/openapi-types.ts";

type Comparison = {
  at: string;
  direction: "request" | "response";
  oldDocument: Document;
  newDocument: Document;
  depth?: number;
};

/** Ends the recursion for schemas that refer to themselves. */
const maxDepth = 8;

/** Lists the values that a client can no longer send, or the members of a response on which it can no longer rely. */
export function compareSchemas(oldReference: JsonSchema, newReference: JsonSchema, comparison: Comparison): string[] {
  const { depth = 0, oldDocument, newDocument } = comparison;
  if (depth > maxDepth) return [];
  const oldSchema = resolveReference(oldReference, oldDocument.components.schemas);
  const newSchema = resolveReference(newReference, newDocument.components.schemas);
  const compareNested = (at: string, first: JsonSchema, second: JsonSchema) =>
    compareSchemas(first, second, { ...comparison, at, depth: depth + 1 });
  return [
    ...typeChanges(oldSchema, newSchema, comparison),
    ...choiceChanges(oldSchema, newSchema, comparison),
    ...(comparison.direction === "request" ? limitChanges(oldSchema, newSchema, comparison.at) : []),
    ...unionChanges(oldSchema, newSchema, comparison, compareNested),
    ...propertyChanges(oldSchema, newSchema, comparison, compareNested),
    ...(oldSchema.items !== undefined && newSchema.items !== undefined
      ? compareNested(`${comparison.at}[]`, oldSchema.items, newSchema.items)
      : []),
  ];
}

type CompareNested = (at: string, oldSchema: JsonSchema, newSchema: JsonSchema) => string[];

function typeChanges(oldSchema: JsonSchema, newSchema: JsonSchema, { at, direction }: Comparison): string[] {
  const typesOf = ({ type, format }: JsonSchema) =>
    [type ?? []].flat().map((one) => (format ? `${one} ${format}` : one));
  const [narrow, wide] =
    direction === "request" ? [typesOf(oldSchema), typesOf(newSchema)] : [typesOf(newSchema), typesOf(oldSchema)];
  if (wide.length === 0 || narrow.every((type) => wide.includes(type))) return [];
  return [
    `${at} was ${typesOf(oldSchema).join(" or ")} and is now ${typesOf(newSchema).join(" or ") || "of any type"}`,
  ];
}

/** A new value of an enum in a response breaks no client, because clients have to expect new values. */
function choiceChanges(oldSchema: JsonSchema, newSchema: JsonSchema, { at, direction }: Comparison): string[] {
  const choicesOf = (schema: JsonSchema) => schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  const before = choicesOf(oldSchema);
  const after = choicesOf(newSchema);
  if (direction === "response" || after === undefined) return [];
  if (before === undefined) return [`${at} is now limited to ${after.join(", ")}`];
  const removed = before.filter((value) => !after.includes(value));
  return removed.length === 0 ? [] : [`${at} no longer accepts ${removed.join(", ")}`];
}

function limitChanges(oldSchema: JsonSchema, newSchema: JsonSchema, at: string): string[] {
  const lower = (["minimum", "minLength", "minProperties"] as const).filter(
    (name) => (newSchema[name] ?? Number.NEGATIVE_INFINITY) > (oldSchema[name] ?? Number.NEGATIVE_INFINITY),
  );
  const upper = (["maximum", "maxLength"] as const).filter(
    (name) => (newSchema[name] ?? Number.POSITIVE_INFINITY) < (oldSchema[name] ?? Number.POSITIVE_INFINITY),
  );
  const rules = (["pattern", "multipleOf"] as const).filter(
    (name) => newSchema[name] !== undefined && newSchema[name] !== oldSchema[name],
  );
  return [...lower, ...upper, ...rules].map((name) => `${at} has another ${name}: ${String(newSchema[name])}`);
}

function unionChanges(
  oldSchema: JsonSchema,
  newSchema: JsonSchema,
  { at, direction }: Comparison,
  compareNested: CompareNested,
): string[] {
  const optionsOf = ({ anyOf, oneOf }: JsonSchema) => anyOf ?? oneOf ?? [];
  const before = optionsOf(oldSchema);
  const after = optionsOf(newSchema);
  if (before.length === after.length)
    return before.flatMap((option, index) => compareNested(at, option, after[index] ?? {}));
  const isNarrower = direction === "request" ? after.length < before.length : after.length > before.length;
  return isNarrower ? [`${at} had ${before.length || 1} forms and now has ${after.length || 1}`] : [];
}

function propertyChanges(
  oldSchema: JsonSchema,
  newSchema: JsonSchema,
  { at, direction }: Comparison,
  compareNested: CompareNested,
): string[] {
  const { properties: before, required: requiredBefore = [] } = oldSchema;
  const { properties: after = {}, required: requiredAfter = [] } = newSchema;
  if (before === undefined) return [];
  const removal = direction === "request" ? "is no longer accepted" : "is gone";
  const changed = Object.entries(before).flatMap(([name, property]) => {
    const newProperty = after[name];
    if (newProperty === undefined) return [`${at}.${name} ${removal}`];
    const isOptional = requiredBefore.includes(name) && !requiredAfter.includes(name);
    return [
      ...(direction === "response" && isOptional ? [`${at}.${name} may now be absent`] : []),
      ...compareNested(`${at}.${name}`, property, newProperty),
    ];
  });
  const newlyRequired = requiredAfter.filter((name) => !requiredBefore.includes(name));
  return [...changed, ...(direction === "request" ? newlyRequired.map((name) => `${at}.${name} is now required`) : [])];
}
