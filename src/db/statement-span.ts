import type { SpanDescription } from "../core/tracer.ts";

const maxTextLength = 2000;
const maxRemembered = 1000;
const remembered = new Map<string, SpanDescription>();

/**
 * Describes a statement for a trace. The text contains placeholders and no values, because values are always passed
 * beside it.
 */
export function statementSpan(text: string): SpanDescription {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const operation = /^[\s(]*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? "statement";
  const description: SpanDescription = {
    name: `postgres ${operation}`,
    kind: "client",
    attributes: {
      "db.system.name": "postgresql",
      "db.operation.name": operation,
      "db.query.text": text.slice(0, maxTextLength),
    },
  };
  if (remembered.size < maxRemembered) remembered.set(text, description);
  return description;
}
