import type { Document } from "../../../src/openapi/document/openapi-types.ts";

/** Lists the places that client generators do not understand, or turn into `unknown` or types without a name. */
export function documentFaults(document: Document): string[] {
  const schemas = Object.keys(document.components.schemas);
  const text = JSON.stringify(document);
  return [
    ...document.tags
      .filter(({ description }) => description === "")
      .map(({ name }) => `The tag ${name} has no text in tagDescriptions.`),
    ...schemas.filter((name) => !text.includes(`"#/components/schemas/${name}"`)).map((name) => `${name} is not used.`),
    ...nodeFaults(document, ""),
  ];
}

function nodeFaults(node: unknown, at: string): string[] {
  if (typeof node !== "object" || node === null || /\/examples?$/.test(at)) return [];
  const isNamed = /^\/components\/schemas\/\w+$/.test(at);
  const faults = Object.entries(node).flatMap(([key, value]) => {
    if (key === "enum" && Array.isArray(value) && !isNamed)
      return [`The enum at ${at} has no name: add an id with meta.`];
    if (key === "allOf") return [`There is an allOf at ${at}: two patterns on one field become one.`];
    if (key === "pattern" && typeof value === "string" && !isPortable(value))
      return [`The pattern at ${at} is not portable.`];
    return nodeFaults(value, `${at}/${key}`);
  });
  const { type, properties, additionalProperties, oneOf, anyOf, $ref } = node as Record<string, unknown>;
  const isOpen = type === "object" && properties === undefined && additionalProperties === undefined;
  const isAny = additionalProperties !== undefined && JSON.stringify(additionalProperties) === "{}";
  if ((isOpen && !oneOf && !anyOf && !$ref) || isAny) faults.push(`The object at ${at} has no members.`);
  return faults;
}

/** Returns whether a pattern has no `\p{…}` and means the same with and without the flag `u`. */
function isPortable(pattern: string): boolean {
  if (/\\[pP]\{/.test(pattern)) return false;
  try {
    return new RegExp(pattern).source === new RegExp(pattern, "u").source;
  } catch {
    return false;
  }
}
