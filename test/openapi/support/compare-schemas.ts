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

/** Lists what a client can no longer send, or what it can no longer rely on in a response. */
export function compareSchemas(old: JsonSchema, now: JsonSchema, comparison: Comparison): string[] {
  const { depth = 0, oldDocument, newDocument, at } = comparison;
  if (depth > maxDepth) return [];
  const oldSchema = resolveReference(old, oldDocument.components.schemas);
  const newSchema = resolveReference(now, newDocument.components.schemas);
  const inside = (where: string, first: JsonSchema, second: JsonSchema) =>
    compareSchemas(first, second, { ...comparison, at: where, depth: depth + 1 });
  return [
    ...typeChanges(oldSchema, newSchema, comparison),
    ...choiceChanges(oldSchema, newSchema, comparison),
    ...(comparison.direction === "request" ? limitChanges(oldSchema, newSchema, at) : []),
    ...unionChanges(oldSchema, newSchema, comparison, inside),
    ...propertyChanges(oldSchema, newSchema, comparison, inside),
    ...(oldSchema.items !== undefined && newSchema.items !== undefined
      ? inside(`${at}[]`, oldSchema.items, newSchema.items)
      : []),
  ];
}

type Inside = (at: string, oldSchema: JsonSchema, newSchema: JsonSchema) => string[];

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

/** A response may gain values of an enum: clients have to expect that. */
function choiceChanges(oldSchema: JsonSchema, newSchema: JsonSchema, { at, direction }: Comparison): string[] {
  const choicesOf = (schema: JsonSchema) => schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  const before = choicesOf(oldSchema);
  const after = choicesOf(newSchema);
  if (direction === "response" || after === undefined) return [];
  if (before === undefined) return [`${at} is now limited to ${after.join(", ")}`];
  const gone = before.filter((value) => !after.includes(value));
  return gone.length === 0 ? [] : [`${at} no longer accepts ${gone.join(", ")}`];
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
  inside: Inside,
): string[] {
  const optionsOf = ({ anyOf, oneOf }: JsonSchema) => anyOf ?? oneOf ?? [];
  const before = optionsOf(oldSchema);
  const after = optionsOf(newSchema);
  if (before.length === after.length) return before.flatMap((option, index) => inside(at, option, after[index] ?? {}));
  const isNarrower = direction === "request" ? after.length < before.length : after.length > before.length;
  return isNarrower ? [`${at} had ${before.length || 1} forms and now has ${after.length || 1}`] : [];
}

function propertyChanges(
  oldSchema: JsonSchema,
  newSchema: JsonSchema,
  { at, direction }: Comparison,
  inside: Inside,
): string[] {
  const { properties: before, required: requiredBefore = [] } = oldSchema;
  const { properties: after = {}, required: requiredAfter = [] } = newSchema;
  if (before === undefined) return [];
  const lost = direction === "request" ? "is no longer accepted" : "is gone";
  const changed = Object.entries(before).flatMap(([name, property]) => {
    const now = after[name];
    if (now === undefined) return [`${at}.${name} ${lost}`];
    const isOptional = requiredBefore.includes(name) && !requiredAfter.includes(name);
    return [
      ...(direction === "response" && isOptional ? [`${at}.${name} may now be absent`] : []),
      ...inside(`${at}.${name}`, property, now),
    ];
  });
  const newlyRequired = requiredAfter.filter((name) => !requiredBefore.includes(name));
  return [...changed, ...(direction === "request" ? newlyRequired.map((name) => `${at}.${name} is now required`) : [])];
}
