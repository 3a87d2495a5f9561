import type { SpanDescription } from "../core/tracer.ts";

const maxTextLength = 2000;
const maxCachedSpans = 1000;
const spansByText = new Map<string, SpanDescription>();

/**
 * Describes a statement for a trace. The text contains placeholders and no values, because values are always passed
 * separately.
 */
export function statementSpan(text: string): SpanDescription {
  const cached = spansByText.get(text);
  if (cached !== undefined) return cached;
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
  if (spansByText.size < maxCachedSpans) spansByText.set(text, description);
  return description;
}
